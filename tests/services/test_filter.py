"""The filter before Docker's socket, in front of the real engine: five questions are answered, nothing else is.

Requests are sent byte by byte as they stand here: a library would mend the worst of them.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from installer.services.shipping import DOCKER_SOCKET
from runtime.paths import Side
from runtime.watchdog import watch
from tests.engine.support import until
from tests.services.metrics_stand import Metrics, open_metrics

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

PORT = 2375
TIMEOUT_SECONDS = 15.0
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
# The filter's own, for what it forbids and for what is no proper request.
REFUSALS = {400, 403}
END = "Host: filter\r\nConnection: close\r\n\r\n"
HUGE = "X-Huge: " + "x" * 40_000
CREATE = '{"Image":"x","HostConfig":{"Binds":["/:/host"],"Privileged":true}}'


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Metrics]:
    with open_metrics(tmp_path_factory.mktemp("metrics") / "data-directory", client) as opened:
        until(lambda: pings(opened), lambda head: head == b"HTTP/1.1 200")
        yield opened


@pytest.fixture(scope="module")
def target(metrics: Metrics) -> Container:
    """A container with a secret in its environment."""
    return metrics.container("influxdb", "application")


def answer(metrics: Metrics, request: str) -> bytes:
    """All that comes back for these bytes."""
    container = metrics.container("telegraf", "filter")
    networks = container.attrs["NetworkSettings"]["Networks"].values()
    address = next(iter(networks))["IPAddress"]
    received = b""
    with socket.create_connection((address, PORT), TIMEOUT_SECONDS) as connection:
        connection.sendall(request.encode("latin-1"))
        while piece := connection.recv(65_536):
            received += piece
    return received


def get(metrics: Metrics, target: str) -> tuple[int, object]:
    """Status and content of a well-formed question."""
    head, _, body = answer(metrics, f"GET {target} HTTP/1.1\r\n{END}").partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        body = b"".join(re.split(rb"(?:^|\r\n)[0-9a-fA-F]+\r\n", body))
    status = STATUS.match(head)
    assert status, head
    try:
        return int(status[1]), json.loads(body)
    except ValueError:
        return int(status[1]), body


@pytest.mark.parametrize("version", ["", "/v1.41"])
def test_what_telegraf_asks_is_answered(metrics: Metrics, target: Container, version: str) -> None:
    assert get(metrics, f"{version}/_ping") == (200, b"OK")
    status, info = get(metrics, f"{version}/info")
    assert status == 200
    assert isinstance(info, dict)
    assert info["ServerVersion"]
    status, listed = get(metrics, f"{version}/containers/json?all=1")
    assert status == 200
    assert isinstance(listed, list)
    assert target.id in [each["Id"] for each in listed]
    status, figures = get(metrics, f"{version}/containers/{target.id}/stats?stream=false")
    assert status == 200
    assert isinstance(figures, dict)
    assert figures["memory_stats"]


def test_what_it_may_see_has_no_environment(metrics: Metrics, target: Container) -> None:
    assert get(metrics, f"/containers/{target.id}/json") == (200, {"Id": "", "Config": {}})
    everything = b"".join(
        answer(metrics, f"GET {path} HTTP/1.1\r\n{END}")
        for path in ("/info", "/containers/json?all=1", f"/containers/{target.id}/stats?stream=false")
    ).decode()
    assert not any(password in everything for password in metrics.passwords.values())


# ID is the container's. Each is what comes after nothing: method, target, version, and the rest.
REFUSED = {
    "list what runs": "GET /containers/json HTTP/1.1\r\n",
    "sizes of containers": "GET /containers/json?all=1&size=1 HTTP/1.1\r\n",
    "sizes, said first": "GET /containers/json?size=1&all=1 HTTP/1.1\r\n",
    "figures for ever": "GET /containers/ID/stats HTTP/1.1\r\n",
    "figures for ever, said": "GET /containers/ID/stats?stream=true HTTP/1.1\r\n",
    "two answers to one question": "GET /containers/ID/stats?stream=false&stream=true HTTP/1.1\r\n",
    "logs": "GET /containers/ID/logs?stdout=1 HTTP/1.1\r\n",
    "files": "GET /containers/ID/archive?path=/ HTTP/1.1\r\n",
    "export": "GET /containers/ID/export HTTP/1.1\r\n",
    "processes": "GET /containers/ID/top HTTP/1.1\r\n",
    "inspect by name": "GET /containers/NAME/json HTTP/1.1\r\n",
    "inspect with its size": "GET /containers/ID/json?size=1 HTTP/1.1\r\n",
    "images": "GET /images/json HTTP/1.1\r\n",
    "secrets": "GET /secrets HTTP/1.1\r\n",
    "events": "GET /events HTTP/1.1\r\n",
    "version": "GET /version HTTP/1.1\r\n",
    "disk usage": "GET /system/df HTTP/1.1\r\n",
    "root": "GET / HTTP/1.1\r\n",
    "head": "HEAD /_ping HTTP/1.1\r\n",
    "start": "POST /containers/ID/start HTTP/1.1\r\n",
    "stop": "POST /v1.41/containers/ID/stop HTTP/1.1\r\n",
    "exec": f"POST /containers/ID/exec HTTP/1.1\r\nContent-Length: 2\r\n{END}{{}}",
    "create": f"POST /containers/create HTTP/1.1\r\nContent-Length: {len(CREATE)}\r\n{END}{CREATE}",
    "pull": "POST /images/create?fromImage=busybox HTTP/1.1\r\n",
    "build": "POST /build HTTP/1.1\r\n",
    "prune": "POST /containers/prune HTTP/1.1\r\n",
    "remove": "DELETE /containers/ID?force=1 HTTP/1.1\r\n",
    "put files": "PUT /containers/ID/archive?path=/ HTTP/1.1\r\n",
    "a question by another method": "POST /containers/json?all=1 HTTP/1.1\r\n",
    "options": "OPTIONS * HTTP/1.1\r\n",
    "trace": "TRACE /_ping HTTP/1.1\r\n",
    "connect": "CONNECT filter:2375 HTTP/1.1\r\n",
    "lower-case method": "get /_ping HTTP/1.1\r\n",
    "method of one's own": "GETX /_ping HTTP/1.1\r\n",
    "two slashes": "GET //_ping HTTP/1.1\r\n",
    "two slashes inside": "GET /containers//json?all=1 HTTP/1.1\r\n",
    "slash at the end": "GET /containers/json/?all=1 HTTP/1.1\r\n",
    "up and down": "GET /containers/json/../../images/json HTTP/1.1\r\n",
    "up to a question": "GET /images/../containers/json?all=1 HTTP/1.1\r\n",
    "up, escaped": "GET /containers/%2e%2e/images/json HTTP/1.1\r\n",
    "here": "GET /./_ping HTTP/1.1\r\n",
    "slash, escaped": "GET /containers%2fjson?all=1 HTTP/1.1\r\n",
    "letter, escaped": "GET /%5fping HTTP/1.1\r\n",
    "nul, escaped": "GET /_ping%00 HTTP/1.1\r\n",
    "line end, escaped": "GET /_ping%0d%0aX HTTP/1.1\r\n",
    "backslash": "GET /containers\\json?all=1 HTTP/1.1\r\n",
    "semicolon": "GET /containers/json;x=1?all=1 HTTP/1.1\r\n",
    "fragment": "GET /containers/json?all=1#x HTTP/1.1\r\n",
    "empty query": "GET /_ping? HTTP/1.1\r\n",
    "other letters": "GET /_PING HTTP/1.1\r\n",
    "a version that is none": "GET /v1.41.0/_ping HTTP/1.1\r\n",
    "version twice": "GET /v1.41/v1.41/_ping HTTP/1.1\r\n",
    "version 2": "GET /v2.41/_ping HTTP/1.1\r\n",
    "something before": "GET /x/containers/json?all=1 HTTP/1.1\r\n",
    "something after": "GET /containers/json?all=1x HTTP/1.1\r\n",
    "with host name": "GET http://filter/_ping HTTP/1.1\r\n",
    "with another host name": "GET http://docker/containers/json?all=1 HTTP/1.1\r\n",
    "no slash": "GET _ping HTTP/1.1\r\n",
    "HTTP/1.0": "GET /_ping HTTP/1.0\r\n",
    "HTTP/0.9": "GET /_ping\r\n",
    "HTTP/2 without TLS": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "upgrade to a stream": "GET /_ping HTTP/1.1\r\nUpgrade: tcp\r\n",
    "hijack": "POST /containers/ID/attach?stream=1 HTTP/1.1\r\nUpgrade: tcp\r\n",
    "session": "POST /session HTTP/1.1\r\nUpgrade: h2c\r\n",
    "a body": f"GET /_ping HTTP/1.1\r\nContent-Length: 2\r\n{END}{{}}",
    "an empty body": "GET /_ping HTTP/1.1\r\nContent-Length: 0\r\n",
    "a body in pieces": f"GET /_ping HTTP/1.1\r\nTransfer-Encoding: chunked\r\n{END}2\r\n{{}}\r\n0\r\n\r\n",
    "two lengths": f"GET /_ping HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n{END}{{}}",
    "length and pieces": f"GET /_ping HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n{END}0\r\n\r\n",
    "pieces of another kind": f"GET /_ping HTTP/1.1\r\nTransfer-Encoding: xchunked\r\nContent-Length: 0\r\n{END}",
    "a huge header": f"GET /_ping HTTP/1.1\r\n{HUGE}\r\n",
    "a huge target": f"GET /_ping?{'x' * 40_000} HTTP/1.1\r\n",
    "space before a colon": "GET /_ping HTTP/1.1\r\nX-A : b\r\n",
    "two host names": "GET /_ping HTTP/1.1\r\nHost: docker\r\n",
    "nul in a header": "GET /_ping HTTP/1.1\r\nX-A: \x00\r\n",
}
# What may be answered by the end of the connection alone.
CLOSED = frozenset[str]()


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused(metrics: Metrics, target: Container, name: str) -> None:
    request = REFUSED[name].replace("ID", str(target.id)).replace("NAME", str(target.name))
    received = answer(metrics, request if END in request else request + END)
    statuses = [int(found) for found in STATUS.findall(received)]
    assert statuses or (name in CLOSED and received == b""), received
    assert set(statuses) <= REFUSALS, received[:500]
    # Docker's answers say so, refusals of its own too.
    assert b"api-version" not in received.lower()


@pytest.mark.parametrize(
    "headers",
    [
        "X-HTTP-Method-Override: POST\r\nX-Method-Override: DELETE\r\nX-HTTP-Method: PUT\r\n",
        "X-Registry-Auth: e30=\r\nX-Forwarded-Host: docker\r\nX-Original-URL: /images/json\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "X-A: b\r\n folded\r\n",
    ],
)
def test_headers_change_nothing_of_a_question(metrics: Metrics, headers: str) -> None:
    received = answer(metrics, f"GET /v1.41/_ping HTTP/1.1\r\n{headers}{END}")
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"\r\n\r\nOK")
    assert len(STATUS.findall(received)) == 1


OVERRIDE = "X-HTTP-Method-Override: {0}\r\nX-HTTP-Method: {0}\r\nX-Method-Override: {0}\r\n"


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("path", ["/_ping", "/v1.41/containers/json?all=1", "/containers/ID/stats?stream=false"])
def test_another_method_by_a_header_is_the_same_question(
    metrics: Metrics, target: Container, path: str, method: str
) -> None:
    path = path.replace("ID", str(target.id))
    received = answer(metrics, f"GET {path} HTTP/1.1\r\n{OVERRIDE.format(method)}{END}")
    assert STATUS.findall(received) == [b"200"]
    plain = answer(metrics, f"GET {path} HTTP/1.1\r\n{END}")
    assert content_type(received) == content_type(plain) != b""


def content_type(received: bytes) -> bytes:
    """That of an answer."""
    found = re.search(rb"(?i)\r\ncontent-type: ([^\r]+)", received)
    return found[1] if found else b""


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/containers/ID/start", "POST"),
        ("/v1.41/containers/ID/restart", "POST"),
        ("/containers/ID/exec", "POST"),
        ("/containers/create", "POST"),
        ("/images/create?fromImage=busybox", "POST"),
        ("/containers/ID?force=1", "DELETE"),
        ("/containers/ID", "DELETE"),
        ("/containers/ID/archive?path=/", "PUT"),
    ],
)
def test_another_method_by_a_header_opens_nothing(
    metrics: Metrics, target: Container, path: str, method: str
) -> None:
    before = target.attrs["State"]["StartedAt"]
    path = path.replace("ID", str(target.id))
    received = answer(metrics, f"GET {path} HTTP/1.1\r\n{OVERRIDE.format(method)}{END}")
    assert STATUS.findall(received) == [b"403"]
    assert b"api-version" not in received.lower()
    target.reload()
    assert (target.status, target.attrs["State"]["StartedAt"]) == ("running", before)


@pytest.mark.parametrize(
    "first",
    [
        "GET /_ping HTTP/1.1\r\nHost: filter\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /_ping HTTP/1.1\r\nHost: filter\r\nTransfer-Encoding: identity\r\n\r\n",
        "GET /_ping HTTP/1.1\r\nHost: filter\r\n\r\n",
    ],
)
def test_a_second_request_behind_the_first_is_refused_too(metrics: Metrics, target: Container, first: str) -> None:
    before = target.attrs["State"]["StartedAt"]
    received = answer(metrics, f"{first}POST /containers/{target.id}/restart HTTP/1.1\r\n{END}")
    statuses = [int(found) for found in STATUS.findall(received)]
    assert statuses[-1] in (400, 403)
    target.reload()
    assert target.attrs["State"]["StartedAt"] == before


def test_nobody_else_reaches_it(metrics: Metrics, client: DockerClient) -> None:
    container = metrics.container("telegraf", "filter")
    (network,) = container.attrs["NetworkSettings"]["Networks"]
    there = client.networks.get(network)
    assert there.attrs["Internal"]
    assert {each.id for each in there.containers} == {container.id, metrics.container("telegraf", "telegraf").id}
    assert not any(container.attrs["NetworkSettings"]["Ports"].values())


def test_it_is_its_images_own_user_and_writes_nothing(metrics: Metrics) -> None:
    container = metrics.container("telegraf", "filter")
    assert {row[0] for row in container.top(ps_args="-eo uid,pid,args")["Processes"]} == {"99"}
    host = container.attrs["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["Privileged"]
    assert all(not mount["RW"] for mount in container.attrs["Mounts"])


def test_a_socket_that_is_made_anew_is_found(metrics: Metrics) -> None:
    """As an engine does it that starts anew beside its containers. Here the old one is nobody's."""
    socket_file = metrics.instance.cluster.run.directory / "docker.sock"
    file = metrics.instance.file(Side.INTERNAL, "telegraf")
    text = file.read_text()
    with socket.socket(socket.AF_UNIX) as nobodys:
        nobodys.bind(str(socket_file))
        file.write_text(text.replace(f"{DOCKER_SOCKET}:", f"{socket_file}:"))
        assert file.read_text() != text
        try:
            assert watch(metrics.instance.cluster).ok
            assert pings(metrics) == b""
            # The engine's own by another name, in the same file system.
            new = socket_file.with_suffix(".new")
            os.link(DOCKER_SOCKET.resolve(), new)
            new.rename(socket_file)
            until(lambda: pings(metrics), lambda head: head == b"HTTP/1.1 200")
            assert metrics.container("telegraf", "filter").attrs["RestartCount"] == 1
        finally:
            file.write_text(text)
            assert watch(metrics.instance.cluster).ok
            socket_file.unlink(missing_ok=True)
    until(lambda: pings(metrics), lambda head: head == b"HTTP/1.1 200")


def pings(metrics: Metrics) -> bytes:
    """How the filter answers the simplest question."""
    return answer(metrics, f"GET /_ping HTTP/1.1\r\n{END}")[:12]
