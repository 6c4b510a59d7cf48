"""Models whose rendered configuration is a golden file of the same name."""

from __future__ import annotations

from runtime.base.paths import Side
from runtime.config.applications import Backend, TcpPort
from runtime.config.request_limits import RequestLimits
from runtime.proxy.model import Link, ProxyModel


def _backend(name: str, *host_names: str, port: int = 80, health_check: str = "") -> Backend:
    return Backend(name, name, "application", name, port, host_names, health_check)


_FILES = (
    Backend(
        "files_3900", "files", "storage", "files", 3900, ("s3.example.com", "*.s3.example.com"), "/health?live=1"
    ),
    Backend("files_3902", "files", "storage", "files", 3902, ("files.example.com",), "/health?live=1"),
)
_LIMITS = RequestLimits(exempt=("203.0.113.0/24", "2001:db8::7/128"))
_LINKS = (
    Link("blog", Side.PUBLIC, ("https://blog.example.com/", "https://www.example.com/")),
    Link("postgres", Side.INTERNAL, ()),
    Link("wiki", Side.INTERNAL, ("http://wiki.internal.example.com/",)),
)

MODELS = {
    "public-empty": ProxyModel(Side.PUBLIC, 80, 443, (), ()),
    "public-typical": ProxyModel(
        Side.PUBLIC,
        80,
        443,
        (
            _backend("blog", "blog.example.com", "www.example.com", port=2368),
            _backend("any", "*.example.com"),
            *_FILES,
        ),
        (),
        limits=_LIMITS,
        hsts_seconds=15_552_000,
    ),
    "public-ipv6": ProxyModel(
        Side.PUBLIC, 80, 443, (_backend("blog", "blog.example.com"),), (), ipv6=True, limits=_LIMITS
    ),
    "public-demo": ProxyModel(Side.PUBLIC, 8080, 8443, (_backend("example", "example.test", port=8000),), ()),
    "public-many": ProxyModel(
        Side.PUBLIC,
        80,
        443,
        tuple(_backend(f"app-{each:02}", f"app-{each:02}.example.com", f"*.app-{each:02}.net") for each in range(30)),
        (),
    ),
    "internal-empty": ProxyModel(Side.INTERNAL, 80, 0, (), (), "internal.example.com"),
    "internal-typical": ProxyModel(
        Side.INTERNAL,
        8081,
        0,
        (_backend("wiki", "wiki.internal.example.com", port=3000, health_check="/up"),),
        (TcpPort("postgres", "postgres", 5432, 5432), TcpPort("cache", "cache_1", 16379, 6379)),
        "internal.example.com",
        _LINKS,
    ),
    "internal-ipv6": ProxyModel(
        Side.INTERNAL,
        80,
        443,
        (_backend("wiki", "wiki.internal.example.com"),),
        (TcpPort("postgres", "postgres", 5432, 5432),),
        "internal.example.com",
        _LINKS,
        ipv6=True,
    ),
    "internal-tls": ProxyModel(
        Side.INTERNAL,
        8081,
        8444,
        (_backend("wiki", "wiki.internal.example.com"),),
        (),
        "internal.example.com",
        (Link("wiki", Side.INTERNAL, ("https://wiki.internal.example.com:8444/",)),),
    ),
    "internal-without-page": ProxyModel(Side.INTERNAL, 80, 0, (_backend("wiki", "wiki.internal.example.com"),), ()),
}
