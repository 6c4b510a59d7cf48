"""What a proxy's template sees. Changing a name here breaks templates that users have edited."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.base.paths import Side
from runtime.config.applications import Backend, TcpPort
from runtime.config.request_limits import RequestLimits


@dataclass(frozen=True)
class Link:
    """One line of the page that lists the applications: its name, side, and addresses (URLs; maybe none)."""

    application: str
    side: Side
    urls: tuple[str, ...]


@dataclass(frozen=True)
class ProxyModel:
    """One side's proxy.

    `http_port` and `https_port` are those outside the container (`https_port` is 0 where the side has no TLS).
    `index_host` is the host name that the page with `links` is served at; empty: there is no such page.
    `ipv6`: connections come by socket files too, with the client's address before them (ipv6_proxy.py). `address` is
    where the side listens on the host. `limits` is what one client may take, None on the internal side;
    `hsts_seconds` is for how long browsers use HTTPS only, 0: not.
    Every value in here has been validated; host names are lower-case ASCII.
    """

    side: Side
    http_port: int
    https_port: int
    backends: tuple[Backend, ...]
    tcp_ports: tuple[TcpPort, ...]
    index_host: str = ""
    links: tuple[Link, ...] = ()
    ipv6: bool = False
    limits: RequestLimits | None = None
    hsts_seconds: int = 0
    # Not in the digest of the inputs (its repr): the proxy's configuration does not depend on it.
    address: str = field(default="", repr=False)
