"""Requests that say more than they may, and pages whose compressed length says what they contain."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import httpx
import pytest

from runtime.base.paths import Side
from tests.support.proxy.stand import Stand, open_stand, trusting

HOST = "plain.example.test"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with open_stand(tmp_path_factory.mktemp("stand")) as opened:
        yield opened


def exchange(stand: Stand, request: bytes) -> str:
    """Send bytes to the public proxy, and return all that it answers until it closes."""
    plain = socket.create_connection(("127.0.0.1", stand.ports["https"]), timeout=20)
    with plain, trusting().wrap_socket(plain, server_hostname=HOST) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(100_000):
            answer += chunk
        return answer.decode("latin-1").lower()


@pytest.mark.parametrize(
    "host",
    [
        "plain.example.test/../x",
        "user@plain.example.test",
        "plain.example.test<script>",
        "plain.example.test:80:80",
        "plain.example.test:",
        "plain.example.test:http",
        "plain example.test",
        "plain.example.test, other.test",
        "plain.example.test%0d%0ax",
        "pl\xe4in.example.test",
        "[plain.example.test]",
        "[::1",
    ],
)
def test_invalid_host_refused(stand: Stand, host: str) -> None:
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1")
    assert exchange(stand, request).startswith("http/1.1 400 ")


@pytest.mark.parametrize("host", ["[::1]", "[2001:db8::1]:8443", "127.0.0.1:80", "under_score.example.test", ""])
def test_valid_unknown_host_is_404(stand: Stand, host: str) -> None:
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    assert exchange(stand, request).startswith("http/1.1 404 ")


@pytest.mark.parametrize("value", ["X-Forwarded-For, X-Forwarded-Proto, close", "close, x-forwarded-for, X-Mine"])
def test_connection_header_names_no_header_of_ours(stand: Stand, value: str) -> None:
    request = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Mine: 1\r\nConnection: {value}\r\n\r\n"
    seen = exchange(stand, request.encode())
    assert "x-forwarded-for: " in seen
    # The headers that the application got are its answer's body.
    assert [line for line in seen.splitlines() if line.startswith("connection:") and "x-" in line] == []


def test_upgrade_names_no_header_of_ours(stand: Stand) -> None:
    head = "GET / HTTP/1.1\r\nHost: plain.example.test\r\nUpgrade: websocket\r\n"
    request = (
        f"{head}Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\nConnection: Upgrade, X-Forwarded-For, close\r\n\r\n"
    )
    plain = socket.create_connection(("127.0.0.1", stand.ports["https"]), timeout=20)
    with plain, trusting().wrap_socket(plain, server_hostname=HOST) as connection:
        connection.sendall(request.encode())
        seen = connection.recv(100_000).decode().lower()
    assert "connection: upgrade\r\n" in seen
    assert "x-forwarded-for," not in seen.replace(" ", "")


def test_trailers_of_request(stand: Stand) -> None:
    """HAProxy can drop them since 3.2; before that they stay what they are, after the body."""
    head = f"POST /body HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    body = "3\r\none\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n\r\n"
    seen = exchange(stand, f"{head}{body}".encode())
    headers, _, rest = seen.partition("\r\n\r\n")[2].partition("\r\n\r\n")
    assert "x-forwarded-for: " in headers
    assert "6.6.6.6" not in headers
    version = str(stand.containers[Side.PUBLIC].exec_run(["haproxy", "-v"]).output)
    found = re.search(r"version (\d+)\.(\d+)", version)
    assert found
    drops = (int(found[1]), int(found[2])) >= (3, 2)
    assert rest == ("one" if drops else "onex-forwarded-for: 6.6.6.6\r\nx-real-ip: 6.6.6.6\r\n")


def encoding(stand: Stand, path: str) -> httpx.Headers:
    with stand.session() as session, session.stream("GET", stand.address(HOST, path)) as answer:
        return answer.headers


def test_response_with_no_transform_not_compressed(stand: Stand) -> None:
    assert encoding(stand, "/big")["content-encoding"] == "gzip"
    assert "content-encoding" not in encoding(stand, "/secret")


@pytest.mark.parametrize("size", [1, 8_000, 16_000, 300_000])
def test_body_arrives_whole(stand: Stand, size: int) -> None:
    with stand.session() as session:
        answer = session.post(stand.address(HOST, "/body"), content=b"x" * size)
        chunked = session.post(stand.address(HOST, "/body"), content=iter([b"x" * size]))
    assert answer.status_code == chunked.status_code == 200
    assert answer.text.endswith("\r\n\r\n" + "x" * size)
    assert chunked.text.endswith("\r\n\r\n" + "x" * size)
