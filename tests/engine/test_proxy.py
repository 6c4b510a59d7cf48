"""The proxies on a real engine: what a client sees of the two templates."""

from __future__ import annotations

import gzip
import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest

from runtime.base.paths import Side
from runtime.proxy.sockets import ask, server_states
from tests.support.clients.websocket import open_websocket
from tests.support.proxy.backends import BIG_PAGE
from tests.support.proxy.stand import Stand, open_stand, trusting, until

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with open_stand(tmp_path_factory.mktemp("stand")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("host", "serves"),
    [
        ("plain.example.test", True),
        ("www.example.test", True),
        ("PLAIN.Example.TEST", True),
        ("plain.example.test.", True),
        ("one.wild.example.test", True),
        ("exact.wild.example.test", True),
        ("two.one.wild.example.test", False),
        ("wild.example.test", False),
        (".wild.example.test", False),
        ("example.test", False),
        ("plain.example.test.evil.test", False),
        ("plain.example.testing", False),
        ("plainXexample.test", False),
        ("127.0.0.1", False),
        ("plain.internal.test", False),
    ],
)
def test_host_name_matched_whole(stand: Stand, host: str, serves: bool) -> None:
    for name in (host, f"{host}:{stand.ports['https']}"):
        answer = stand.http(stand.address("plain.example.test"), headers={"Host": name})
        assert answer.status_code == (200 if serves else 404)
        assert (f"host: {name}".lower() in answer.text.lower()) is serves


def test_host_header_with_two_names(stand: Stand) -> None:
    for name in (
        "evil.test, plain.example.test",
        "plain.example.test, evil.test",
        "evil.test, plain.example.test:80",
    ):
        answer = stand.http(stand.address("plain.example.test"), headers={"Host": name})
        assert answer.status_code in (400, 404)


def test_request_without_host_name(stand: Stand) -> None:
    with socket.create_connection(("127.0.0.1", stand.ports["http"]), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 404 ")


def test_exact_host_name_before_wildcard(stand: Stand) -> None:
    states = stand.http(stand.address("taken.wild.example.test"))
    assert states.status_code == 200
    with _without(stand, "taken.wild.example.test"):
        assert stand.http(stand.address("taken.wild.example.test")).status_code == 503
        assert stand.http(stand.address("other.wild.example.test")).status_code == 200


class _without:  # noqa: N801 - reads as what it does
    """Take the servers of one host name out of rotation."""

    def __init__(self, stand: Stand, host: str) -> None:
        self.stand = stand
        self.name = host.partition(".")[0]

    def __enter__(self) -> None:
        self._set("maint")

    def __exit__(self, *_: object) -> None:
        self._set("ready")

    def _set(self, state: str) -> None:
        for slot in range(1, 5):
            ask(
                self.stand.run.proxy(Side.PUBLIC) / "admin.sock",
                f"set server {self.name}/server-{slot} state {state}",
            )


def test_plain_http_redirected_to_published_https_port(stand: Stand) -> None:
    answer = stand.http(stand.address("plain.example.test", "/a/b?c=d&e=%20f", "http"))
    assert answer.status_code == 308
    assert answer.headers["location"] == stand.address("plain.example.test", "/a/b?c=d&e=%20f")
    odd = stand.http(stand.address("plain.example.test", "/", "http"), headers={"Host": "WWW.Example.test.:99"})
    assert odd.headers["location"] == stand.address("www.example.test")


def test_plain_http_unknown_host(stand: Stand) -> None:
    answer = stand.http(stand.address("unknown.example.test", scheme="http"))
    assert answer.status_code == 404
    assert "No application answers to this host name" in answer.text
    assert "location" not in answer.headers


def test_forwarded_headers_of_client_replaced(stand: Stand) -> None:
    forged = {
        "X-Forwarded-For": "6.6.6.6",
        "x-forwarded-proto": "http",
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Server": "evil.test",
        "X_Forwarded_For": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
        "X-Real-IP": "6.6.6.6",
        "X_Real_IP": "6.6.6.6",
        "Proxy": "http://evil.test",
        "X-Mine": "kept",
    }
    seen = stand.http(stand.address("plain.example.test"), headers=forged).text.lower()
    assert "evil" not in seen
    assert "6.6.6.6" not in seen
    assert "x-mine: kept" in seen
    port = stand.ports["https"]
    assert "x-forwarded-proto: https\r\n" in seen
    assert f"x-forwarded-host: plain.example.test:{port}\r\n" in seen
    assert f"x-forwarded-port: {port}\r\n" in seen
    assert seen.count("x-forwarded-for:") == 1


def test_compression_by_accept_encoding(stand: Stand) -> None:
    with stand.session() as session, session.stream("GET", stand.address("plain.example.test", "/big")) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw).decode() == BIG_PAGE
    assert len(raw) < len(BIG_PAGE) / 10
    plain = stand.http(stand.address("plain.example.test", "/big"), headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == BIG_PAGE


def test_http_2(stand: Stand) -> None:
    with stand.session(http2=True) as session:
        answer = session.get(stand.address("plain.example.test"))
    assert (answer.http_version, answer.status_code) == ("HTTP/2", 200)
    assert stand.http(stand.address("plain.example.test")).http_version == "HTTP/1.1"


@pytest.mark.parametrize(("port", "host"), [("https", "socket.example.test"), ("internal", "socket.internal.test")])
def test_websocket(stand: Stand, port: str, host: str) -> None:
    context = trusting() if port == "https" else None
    with open_websocket(host, stand.ports[port], context) as connection:
        connection.send("hello")
        assert connection.recv() == "echo hello"


def test_tcp_port(stand: Stand) -> None:
    with socket.create_connection(("127.0.0.1", stand.ports["tcp"]), timeout=10) as connection:
        for word in (b"\x00\xffone", b"two"):
            connection.sendall(word)
            assert connection.recv(100) == b"echo " + word


def test_missing_application_is_503(stand: Stand) -> None:
    answer = stand.http(stand.address("absent.example.test"))
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "is not running at the moment" in answer.text


def test_health_check_failing_and_succeeding(stand: Stand) -> None:
    until("sick is down", lambda: stand.http(stand.address("sick.example.test")).status_code == 503)
    assert stand.http(stand.address("well.example.test")).status_code == 200


def test_container_started_stopped_and_started_again(stand: Stand) -> None:
    def status() -> int:
        return stand.http(stand.address("absent.example.test")).status_code

    def address(name: str) -> str:
        rows = (row.split() for row in server_states(stand.run.master_socket(Side.PUBLIC)).splitlines()[2:])
        return next((row[4] for row in rows if row[1:2] == [name] and row[4] != "-"), "")

    for _ in range(2):
        container = stand.start_backend("absent")
        try:
            until("it serves", lambda: status() == 200)
            container.stop(timeout=1)
            until("it is stopped", lambda: status() == 503)
            # Docker gives its address to the next container that starts, which may be another application's.
            until("its address is dropped", lambda: not address("absent"), 10)
        finally:
            container.remove(force=True)


def test_post_not_retried(stand: Stand) -> None:
    stand.backends.posts = 0
    with stand.session() as session:
        answer = session.post(stand.address("plain.example.test", "/drop"))
    assert answer.status_code == 502
    assert stand.backends.posts == 1


# That the client offers it is the point.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_2_or_later(stand: Stand) -> None:
    assert _handshake(stand, "plain.example.test", ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert _handshake(stand, "plain.example.test", ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _handshake(stand, "plain.example.test", ssl.TLSVersion.TLSv1_1)


def _handshake(stand: Stand, name: str, newest: ssl.TLSVersion) -> str | None:
    context = trusting()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = newest
    with (
        socket.create_connection(("127.0.0.1", stand.ports["https"]), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        return secured.version()


def test_unknown_tls_name(stand: Stand) -> None:
    answer = stand.http(stand.address("nobody.example.test"))
    assert answer.status_code == 404
    with pytest.raises(httpx.ConnectError), httpx.Client() as session:
        session.get(f"https://127.0.0.1:{stand.ports['https']}/")


def test_internal_proxy_index_page(stand: Stand) -> None:
    url = f"http://internal.test:{stand.ports['internal']}/"
    plain = stand.http(url)
    assert (plain.status_code, plain.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert f"https://plain.example.test:{stand.ports['https']}/" in plain.text
    page = stand.http(url, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'<a href="https://plain.example.test:{stand.ports["https"]}/">' in page.text
    assert stand.http(f"{url}other").status_code == 404


def test_internal_proxy_plain_http(stand: Stand) -> None:
    seen = stand.http(
        f"http://plain.internal.test:{stand.ports['internal']}/", headers={"X-Forwarded-For": "6.6.6.6"}
    )
    assert seen.status_code == 200
    assert "x-forwarded-proto: http\r\n" in seen.text
    assert f"x-forwarded-port: {stand.ports['internal']}\r\n" in seen.text
    assert "6.6.6.6" not in seen.text
    assert stand.http(f"http://127.0.0.1:{stand.ports['internal']}/").status_code == 404


def test_log_has_failures_without_query(stand: Stand) -> None:
    stand.http(stand.address("plain.example.test", "/fine?password=one"))
    stand.http(stand.address("absent.example.test", "/lost?password=two"))

    def log() -> str:
        return stand.containers[Side.PUBLIC].logs().decode()

    until("the failure is in the log", lambda: "absent.example.test /lost" in log())
    assert "/fine" not in log()
    assert "password" not in log()
