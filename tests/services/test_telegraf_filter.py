"""The filter of Docker's socket in front of the real engine: five requests are answered, all others refused.

Requests are sent byte by byte as written here: a library would correct the worst of them.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from installer.services.service_files import DOCKER_SOCKET
from runtime.base.paths import Side
from runtime.metrics.measured_watchdog import watch
from tests.support.engine import until
from tests.support.services.filter_requests import END, REFUSED
from tests.support.services.metrics_stand import Metrics, open_metrics

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

PORT = 2375
TIMEOUT_SECONDS = 15.0
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
# The filter's own answers, for forbidden and for malformed requests.
REFUSALS = {400, 403}


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
    """Send bytes; return the whole answer."""
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
    """Return status and content of the answer to a well-formed request."""
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
def test_filter_answers_requests_of_telegraf(metrics: Metrics, target: Container, version: str) -> None:
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


def test_filter_hides_environment(metrics: Metrics, target: Container) -> None:
    assert get(metrics, f"/containers/{target.id}/json") == (200, {"Id": "", "Config": {}})
    everything = b"".join(
        answer(metrics, f"GET {path} HTTP/1.1\r\n{END}")
        for path in ("/info", "/containers/json?all=1", f"/containers/{target.id}/stats?stream=false")
    ).decode()
    assert not any(password in everything for password in metrics.passwords.values())


@pytest.mark.parametrize("name", REFUSED)
def test_filter_refuses_other_requests(metrics: Metrics, target: Container, name: str) -> None:
    request = REFUSED[name].replace("ID", str(target.id)).replace("NAME", str(target.name))
    received = answer(metrics, request if END in request else request + END)
    statuses = [int(found) for found in STATUS.findall(received)]
    # A closed connection alone is no refusal: a broken filter would close it too.
    assert statuses, received
    assert set(statuses) <= REFUSALS, received[:500]
    # All answers of Docker have this header, also its errors.
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
def test_filter_ignores_headers(metrics: Metrics, headers: str) -> None:
    received = answer(metrics, f"GET /v1.41/_ping HTTP/1.1\r\n{headers}{END}")
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"\r\n\r\nOK")
    assert len(STATUS.findall(received)) == 1


OVERRIDE = "X-HTTP-Method-Override: {0}\r\nX-HTTP-Method: {0}\r\nX-Method-Override: {0}\r\n"


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("path", ["/_ping", "/v1.41/containers/json?all=1", "/containers/ID/stats?stream=false"])
def test_filter_ignores_method_override(metrics: Metrics, target: Container, path: str, method: str) -> None:
    path = path.replace("ID", str(target.id))
    received = answer(metrics, f"GET {path} HTTP/1.1\r\n{OVERRIDE.format(method)}{END}")
    assert STATUS.findall(received) == [b"200"]
    plain = answer(metrics, f"GET {path} HTTP/1.1\r\n{END}")
    assert content_type(received) == content_type(plain) != b""


def content_type(received: bytes) -> bytes:
    """Return the content type of an answer."""
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
def test_filter_refuses_with_method_override(metrics: Metrics, target: Container, path: str, method: str) -> None:
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
def test_filter_refuses_pipelined_request(metrics: Metrics, target: Container, first: str) -> None:
    before = target.attrs["State"]["StartedAt"]
    received = answer(metrics, f"{first}POST /containers/{target.id}/restart HTTP/1.1\r\n{END}")
    statuses = [int(found) for found in STATUS.findall(received)]
    assert statuses[-1] in (400, 403)
    target.reload()
    assert target.attrs["State"]["StartedAt"] == before


def test_filter_network_has_telegraf_alone(metrics: Metrics, client: DockerClient) -> None:
    container = metrics.container("telegraf", "filter")
    (network,) = container.attrs["NetworkSettings"]["Networks"]
    there = client.networks.get(network)
    assert there.attrs["Internal"]
    assert {each.id for each in there.containers} == {container.id, metrics.container("telegraf", "telegraf").id}
    assert not any(container.attrs["NetworkSettings"]["Ports"].values())


def test_filter_container_without_privileges(metrics: Metrics) -> None:
    container = metrics.container("telegraf", "filter")
    assert {row[0] for row in container.top(ps_args="-eo uid,pid,args")["Processes"]} == {"99"}
    host = container.attrs["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["Privileged"]
    assert all(not mount["RW"] for mount in container.attrs["Mounts"])


def test_filter_follows_recreated_socket(metrics: Metrics) -> None:
    """As after a restart of the engine while its containers run. The old socket here has no listener."""
    socket_file = metrics.instance.cluster.run.directory / "docker.sock"
    file = metrics.instance.file(Side.INTERNAL, "telegraf")
    text = file.read_text()
    with socket.socket(socket.AF_UNIX) as unused:
        unused.bind(str(socket_file))
        file.write_text(text.replace(f"{DOCKER_SOCKET}:", f"{socket_file}:"))
        assert file.read_text() != text
        try:
            assert watch(metrics.instance.cluster).ok
            assert pings(metrics) == b""
            # The engine's socket under another name, in the same file system.
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
    """Return the start of the answer to a ping."""
    return answer(metrics, f"GET /_ping HTTP/1.1\r\n{END}")[:12]
