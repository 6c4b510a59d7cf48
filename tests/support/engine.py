"""An instance for each engine test, an image with a test server, and clients."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import secrets
import shutil
import socket
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from docker.errors import APIError, NotFound

from installer import images
from installer.setup import data_directory
from runtime.base import files
from runtime.base.paths import RUN_ROOT, Paths, Side
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import ImageSettings, InternalSettings, InternalTls, PublicSettings
from runtime.config.settings import Settings
from runtime.context import results
from runtime.context.cluster import Cluster, open_cluster
from runtime.docker.images import BASE, local_name
from runtime.docker.observed import observe
from runtime.firewall import isolation
from runtime.firewall import table as nft
from runtime.reconcile import operations

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

T = TypeVar("T")
TOOLS = Path(__file__).parent / "tools"
LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: str


def free_port(address: str = LOOPBACK) -> int:
    """Return a TCP port of an address of this host that is free now.

    Not one of those that the kernel gives to clients, and a random one: tests run in parallel.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind((address, port))
            return port


def own_loopback() -> str:
    """Return a loopback address that no other test is likely to have, for the ports 80 and 443."""
    return f"127.{1 + secrets.randbelow(254)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"


def new_settings() -> Settings:
    """Return settings of an instance that no other test has."""
    return Settings(
        domain="example.test",
        email="ops@example.test",
        instance=f"t{secrets.token_hex(3)}",
        public=PublicSettings(address=LOOPBACK, http_port=free_port(), https_port=free_port()),
        internal=InternalSettings(address=FixedAddress(LOOPBACK), http_port=free_port(), tls=InternalTls.NONE),
        images=ImageSettings(source="local"),
    )


def names(report: results.Report) -> list[str]:
    """Return what a command did, as `KIND NAME`."""
    return [f"{outcome.change.kind} {outcome.change.name}" for outcome in report.outcomes]


class Instance:
    """A data directory with its cluster; `close` removes all of it."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.paths = Paths(root)
        data_directory.create(self.paths, settings)
        self.file(Side.PUBLIC, "example").unlink()
        self.cluster: Cluster = open_cluster(self.paths)

    @property
    def settings(self) -> Settings:
        return self.cluster.settings

    def file(self, side: Side, name: str) -> Path:
        return self.paths.applications(side) / f"{name}.yaml"

    def add(self, side: Side, name: str, text: str) -> Path:
        """Write an application file, as a user would."""
        file = self.file(side, name)
        file.write_text(text)
        return file

    def container(self, application: str) -> str:
        """Return the name of the container of an application's service `application`; a rollout makes another one."""
        seen = observe(self.cluster.client, self.settings.instance)
        return next(each.name for each in seen.of(application) if each.service == "application")

    def start(self) -> results.Report:
        return operations.start(self.cluster, timeout=30)

    def containers(self) -> dict[str, str]:
        """Return the names of all containers of the instance, with the moment each was started."""
        seen = observe(self.cluster.client, self.settings.instance)
        return {
            each.name: str(self.cluster.client.api.inspect_container(each.id)["State"]["StartedAt"])
            for each in seen.containers
        }

    def get(self, host: str, path: str = "/", *, side: Side = Side.PUBLIC, **headers: str) -> Answer:
        """Ask a proxy as a browser would: HTTPS on the public side, plain HTTP on the internal one."""
        public, internal = self.settings.public, self.settings.internal
        assert public
        assert internal
        if side is Side.INTERNAL:
            return ask(http.client.HTTPConnection(LOOPBACK, internal.http_port, timeout=10), host, path, headers)
        connection = http.client.HTTPSConnection(LOOPBACK, public.https_port, timeout=10, context=no_trust())
        return ask(connection, host, path, headers)

    def wait(self, host: str, status: int = 200, *, side: Side = Side.PUBLIC, path: str = "/") -> Answer:
        """Send requests until the status fits."""
        return until(lambda: self.get(host, path, side=side), lambda answer: answer.status == status)

    def close(self) -> None:
        """Remove all that it has on the host at once: `stop` has tests of its own."""
        client = self.cluster.client
        until(lambda: _remove_all(client, self.settings.instance), lambda left: not left)
        project = f"{self.settings.instance}_"
        for network in client.networks.list():
            if str(network.name).startswith(project):
                network.remove()
        client.close()
        nft.remove(isolation.table_name(self.settings.instance))
        shutil.rmtree(RUN_ROOT / self.settings.instance, ignore_errors=True)


def _remove_all(client: DockerClient, instance: str) -> list[str]:
    """Remove an instance's containers. Return the errors of those that are left.

    Engine 20.10 fails to remove one that is being restarted ("directory not empty"); a second attempt succeeds.
    """
    left = []
    for container in client.containers.list(all=True, filters={"label": f"shoestring.instance={instance}"}):
        try:
            container.remove(force=True, v=True)
        except NotFound:
            continue
        except APIError as error:
            left.append(str(error))
    return left


def no_trust() -> ssl.SSLContext:
    """Return a TLS client that accepts any certificate: no CA signed the placeholder."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ask(connection: http.client.HTTPConnection, host: str, path: str, headers: dict[str, str]) -> Answer:
    try:
        connection.request("GET", path, headers={"Host": host, **headers})
        response = connection.getresponse()
        body = response.read().decode("latin-1")
        return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, body)
    finally:
        connection.close()


def tcp_echo(port: int, data: bytes) -> bytes:
    """Send bytes to a port of the loopback address and return what comes back first."""
    with socket.create_connection((LOOPBACK, port), 10) as connection:
        connection.sendall(data)
        return connection.recv(len(data))


def until(observe: Callable[[], T], fits: Callable[[T], bool], patience: float = PATIENCE_SECONDS) -> T:
    """Observe until the result fits; after `patience` in seconds fail with the last result."""
    deadline = time.monotonic() + patience
    seen: object = None
    while time.monotonic() < deadline:
        try:
            answer = observe()
            if fits(answer):
                return answer
            seen = answer
        except OSError as error:
            seen = error
        time.sleep(0.05)
    raise AssertionError(f"after {patience} s the last seen was {seen}")


def tools_image(client: DockerClient) -> str:
    """Return the image with the test server."""
    return built_image(client, TOOLS)


def built_image(client: DockerClient, folder: Path) -> str:
    """Return an image on the local base, built once for its content by one of several test processes."""
    content = b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file())
    content_hash = hashlib.sha256(content + local_name(BASE).encode()).hexdigest()[:12]
    tag = f"localhost/shoestring-test/{folder.name}:{content_hash}"
    with files.lock(Path(tempfile.gettempdir()) / "shoestring-test-tools.lock", timeout=300):
        images.build(client)
        if not client.images.list(name=tag):
            arguments = {"BASE": local_name(BASE)}
            client.images.build(
                path=str(folder), tag=tag, buildargs=arguments, network_mode="host", rm=True, forcerm=True
            )
    return tag


def output_of(container: Container, *command: str) -> str:
    """Run a command in a container, and return what it printed."""
    output = container.exec_run(list(command)).output
    assert isinstance(output, bytes)
    return output.decode()


def memory_of(container: Container) -> dict[str, Any]:
    """Return the engine's `memory_stats` of a container."""
    stats = container.stats(stream=False)
    assert isinstance(stats, dict)
    memory: dict[str, Any] = stats["memory_stats"]
    return memory


def service(image: str, name: str, more: str = "") -> str:
    """Return a service named `application` that runs the test server, for an application file."""
    return f"services:\n  application:\n    image: {image}\n    command: [{name}]\n    stop_grace_period: 0s\n{more}"


def plain(image: str, name: str, *host_names: str, more: str = "") -> str:
    """Return an application file with the test server."""
    return f"x-external-host-names: [{', '.join(host_names)}]\nx-container-port: 8080\n{service(image, name, more)}"


__all__ = ["Answer", "Instance", "files", "plain", "replace", "service", "until"]
