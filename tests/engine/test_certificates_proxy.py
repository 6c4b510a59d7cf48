"""The proxies' configuration for certificates: answers to challenges, and HTTPS on the internal side."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.certificates.acme import challenge
from runtime.proxy import sockets
from runtime.proxy.container import CONFIGURATION_MOUNT
from runtime.reconcile import operations
from tests.support.certificates.stand import Stand, open_stand
from tests.support.engine import Instance, new_settings, plain, until

if TYPE_CHECKING:
    from docker import DockerClient

A, WIKI = "a.example.test", "wiki.internal.example.test"
FOLDER = "/.well-known/acme-challenge/"
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA"
FIRST, SECOND = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI", "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, client: DockerClient, tools: str) -> Iterator[Stand]:
    applications = {(Side.PUBLIC, "a"): plain(tools, "a", A), (Side.INTERNAL, "wiki"): plain(tools, "wiki", WIKI)}
    with open_stand(tmp_path_factory.mktemp("stand") / "data-directory", applications) as stand:
        stand.instance.wait(A)
        yield stand


@pytest.fixture
def stand(shared: Stand) -> Stand:
    """The stand without a thumbprint, on disk and in the proxy."""
    shared.instance.paths.challenge_map.unlink(missing_ok=True)
    name = f"{CONFIGURATION_MOUNT}/challenge.map"
    sockets.ask(shared.master(), f"@1 clear map {name}\nquit")
    return shared


def set_thumbprint(stand: Stand, thumbprint: str) -> bool:
    return challenge.set(stand.instance.paths, stand.instance.cluster.run, thumbprint)


@pytest.mark.parametrize("host", [A, "unknown.example.test", "192.0.2.1", WIKI])
def test_challenge_answered_before_redirect(stand: Stand, host: str) -> None:
    before = stand.processes()
    assert set_thumbprint(stand, FIRST)
    status, headers, body = stand.plain(host, f"{FOLDER}{TOKEN}")
    assert (status, headers["content-type"], body) == (200, "text/plain", f"{TOKEN}.{FIRST}")
    assert not set_thumbprint(stand, FIRST)
    assert set_thumbprint(stand, SECOND)
    assert stand.plain(host, f"{FOLDER}short-1")[2] == f"short-1.{SECOND}"
    assert stand.processes() == before
    file = stand.instance.paths.challenge_map.stat()
    assert (file.st_mode & 0o777, file.st_gid) == (0o640, 99)


def test_challenge_answered_over_https(stand: Stand) -> None:
    set_thumbprint(stand, FIRST)
    assert stand.instance.get(A, f"{FOLDER}{TOKEN}").body == f"{TOKEN}.{FIRST}"


def test_challenge_thumbprint_survives_reload(stand: Stand) -> None:
    set_thumbprint(stand, FIRST)
    set_thumbprint(stand, SECOND)
    assert operations.reload(stand.instance.cluster, (Side.PUBLIC,), timeout=30, force=True).ok
    assert stand.plain(A, f"{FOLDER}{TOKEN}")[2] == f"{TOKEN}.{SECOND}"
    assert not set_thumbprint(stand, SECOND)


def test_challenge_set_restores_lost_thumbprint(stand: Stand) -> None:
    set_thumbprint(stand, FIRST)
    stand.instance.paths.challenge_map.unlink()
    assert set_thumbprint(stand, FIRST)
    sockets.ask(stand.master(), f"@1 clear map {CONFIGURATION_MOUNT}/challenge.map\nquit")
    assert set_thumbprint(stand, FIRST)
    assert stand.plain(A, f"{FOLDER}{TOKEN}")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "a.b",
        "a/b",
        "a%2fb",
        "a%2Fb",
        "..%2fetc",
        "../a",
        "",
        "a/",
        "%[path]",
        "a%0d%0aX:1",
        "a b",
        "a;b",
        "a%00",
    ],
)
def test_challenge_invalid_token(stand: Stand, path: str) -> None:
    set_thumbprint(stand, FIRST)
    status, _, body = stand.plain(A, f"{FOLDER}{path}")
    assert status in (308, 400)
    assert FIRST not in body


def test_challenge_query_ignored(stand: Stand) -> None:
    set_thumbprint(stand, FIRST)
    assert stand.plain(A, f"{FOLDER}{TOKEN}?x=1")[2] == f"{TOKEN}.{FIRST}"


def test_challenge_without_thumbprint(stand: Stand) -> None:
    assert stand.plain(A, f"{FOLDER}{TOKEN}")[0] == 308
    assert stand.plain("unknown.example.test", f"{FOLDER}{TOKEN}")[0] == 404


def test_challenge_internal_side(stand: Stand) -> None:
    set_thumbprint(stand, FIRST)
    assert FIRST not in stand.plain(WIKI, f"{FOLDER}{TOKEN}", Side.INTERNAL)[2]


def test_challenge_set_invalid_thumbprint(stand: Stand) -> None:
    for wrong in ("", "short", f"{FIRST}\n", f"{FIRST[:-1]} "):
        with pytest.raises(ShoestringError, match="is not the thumbprint"):
            set_thumbprint(stand, wrong)
    assert not stand.instance.paths.challenge_map.exists()


def test_challenge_set_template_without_map(stand: Stand) -> None:
    template = stand.instance.paths.proxy_template(Side.PUBLIC)
    text = template.read_text()
    kept = [line for line in text.splitlines(keepends=True) if "thumbprint)" not in line]
    assert len(kept) == text.count("\n") - 2
    template.write_text("".join(kept))
    try:
        assert operations.reload(stand.instance.cluster, (Side.PUBLIC,), timeout=30).ok
        with pytest.raises(ShoestringError, match="has no map .*shoestring reload public"):
            set_thumbprint(stand, FIRST)
    finally:
        template.write_text(text)
        assert operations.reload(stand.instance.cluster, (Side.PUBLIC,), timeout=30).ok


def test_internal_side_redirects_to_https(stand: Stand) -> None:
    status, headers, _ = stand.plain(WIKI, "/a?b=c", Side.INTERNAL)
    assert (status, headers["location"]) == (308, f"https://{WIKI}:{stand.port(Side.INTERNAL)}/a?b=c")
    assert stand.plain("unknown.internal.example.test", "/", Side.INTERNAL)[0] == 404
    index = stand.plain("internal.example.test", "/", Side.INTERNAL)
    assert index[1]["location"] == f"https://internal.example.test:{stand.port(Side.INTERNAL)}/"


def test_internal_side_serves_https(stand: Stand) -> None:
    def get(path: str, host: str = WIKI) -> str:
        connection = stand.connection(Side.INTERNAL)
        try:
            connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "http"})
            answer: http.client.HTTPResponse = connection.getresponse()
            return f"{answer.status} {answer.read().decode().lower()}"
        finally:
            connection.close()

    seen = until(lambda: get("/headers"), lambda answer: answer.startswith("200 "))
    assert "x-forwarded-proto: https\n" in seen
    assert f"x-forwarded-port: {stand.port(Side.INTERNAL)}\n" in seen
    assert f"https://{WIKI}:{stand.port(Side.INTERNAL)}/" in get("/", "internal.example.test")


def test_internal_side_without_tls_has_no_certificate(tmp_path: Path, client: DockerClient, tools: str) -> None:
    instance = Instance(tmp_path / "data-directory", new_settings())
    try:
        assert instance.start().ok
        assert list(instance.paths.proxy_certificates(Side.INTERNAL).iterdir()) == []
        assert (instance.paths.proxy_certificates(Side.PUBLIC) / "invalid.pem").exists()
    finally:
        instance.close()
