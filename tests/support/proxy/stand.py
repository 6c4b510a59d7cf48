"""Both proxies as the core runs them, on a network, ports and directories of their own, with real backends.

The backends are Python servers in this process; containers that have the applications' names on the network pass
connections on to them.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import docker
import httpx
from docker import DockerClient
from docker.models.containers import Container
from docker.models.networks import Network

from installer.images import build
from runtime.base import files
from runtime.base.paths import Paths, RunPaths, Side
from runtime.certificates.store import placeholder
from runtime.config.applications import Backend, TcpPort
from runtime.docker import images
from runtime.proxy import install
from runtime.proxy.container import (
    CERTIFICATES_MOUNT,
    CONFIGURATION_MOUNT,
    MEMORY_LIMIT,
    PROXY_GID,
    PROXY_UID,
    SOCKETS_MOUNT,
)
from runtime.proxy.model import Link, ProxyModel
from tests.support.proxy.backends import HTTP_PORT, TCP_PORT, WEBSOCKET_PORT, Backends

FORWARDER = """
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
""" + "".join(
    f"listen port-{port}\n  bind :{port}\n  server here unix@/backends/{port}.sock\n"
    for port in (HTTP_PORT, WEBSOCKET_PORT, TCP_PORT)
)


def backend(name: str, *host_names: str, port: int = HTTP_PORT, health_check: str = "") -> Backend:
    """Return a backend whose container has its own name."""
    return Backend(name, name, "application", name, port, host_names, health_check)


@dataclass
class Stand:
    """The proxies, their network and their backends."""

    client: DockerClient
    paths: Paths
    run: RunPaths
    image: str
    network: Network
    backends: Backends
    ports: dict[str, int]
    containers: dict[str, Container] = field(default_factory=dict)

    def model(self, side: Side) -> ProxyModel:
        """Return a model that all tests of routing share."""
        if side is Side.PUBLIC:
            backends = (
                backend("plain", "plain.example.test", "www.example.test"),
                backend("wild", "*.wild.example.test", "exact.wild.example.test"),
                backend("taken", "taken.wild.example.test"),
                backend("socket", "socket.example.test", port=WEBSOCKET_PORT),
                backend("absent", "absent.example.test"),
                backend("sick", "sick.example.test", health_check="/sick"),
                backend("well", "well.example.test", health_check="/well?deep=1"),
            )
            return ProxyModel(side, self.ports["http"], self.ports["https"], backends, ())
        link = Link("plain", Side.PUBLIC, (f"https://plain.example.test:{self.ports['https']}/",))
        return ProxyModel(
            side,
            self.ports["internal"],
            0,
            (backend("plain", "plain.internal.test"), backend("socket", "socket.internal.test", port=WEBSOCKET_PORT)),
            (TcpPort("tcp", "tcp", self.ports["tcp"], TCP_PORT),),
            "internal.test",
            (link, Link("silent", Side.INTERNAL, ())),
        )

    def start_backend(self, *aliases: str) -> Container:
        """Start a container with these names on the network that forwards to the servers of this process."""
        container = self.client.containers.create(
            self.image,
            command=["haproxy", "-db", "-f", "/backends/forwarder.cfg"],
            user="99:99",
            volumes={str(self.backends.directory): {"bind": "/backends", "mode": "ro"}},
            network=self.network.name,
            labels={"shoestring.test": self.run.instance},
        )
        self.network.disconnect(container)
        self.network.connect(container, aliases=list(aliases))
        container.start()
        return container

    def start_proxy(self, side: Side) -> Container:
        """Start a proxy with the options of the core's Compose file."""
        published = {80: self.ports["http"], 443: self.ports["https"]}
        if side is Side.INTERNAL:
            published = {80: self.ports["internal"], self.ports["tcp"]: self.ports["tcp"]}
        mounts = {
            CONFIGURATION_MOUNT: (self.paths.proxy_generated(side), "ro"),
            CERTIFICATES_MOUNT: (self.paths.proxy_certificates(side), "ro"),
            SOCKETS_MOUNT: (self.run.proxy(side), "rw"),
        }
        return self.client.containers.run(
            self.image,
            [
                *("haproxy", "-W", "-db", "-S", f"{SOCKETS_MOUNT}/master.sock,mode,600"),
                *("-f", f"{CONFIGURATION_MOUNT}/haproxy.cfg"),
            ],
            detach=True,
            user=f"{PROXY_UID}:{PROXY_GID}",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            read_only=True,
            mem_limit=MEMORY_LIMIT,
            pids_limit=64,
            dns_opt=["ndots:1"],
            network=self.network.name,
            ports={f"{inside}/tcp": ("127.0.0.1", outside) for inside, outside in published.items()},
            volumes={str(path): {"bind": target, "mode": mode} for target, (path, mode) in mounts.items()},
            labels={"shoestring.test": self.run.instance},
        )

    def install(self, model: ProxyModel) -> install.ReloadResult:
        """Render, check, write, reload."""
        install.prepare(self.paths, model, self.image, self.client)
        return install.reload(self.paths, self.run, model.side)

    def restore(self, side: Side) -> None:
        """Install the shared model with the unchanged template."""
        shutil.copy(template(side), self.paths.proxy_template(side))
        self.install(self.model(side))

    def http(self, url: str, **options: object) -> httpx.Response:
        """Send one request to the proxies on 127.0.0.1, whatever host the URL names."""
        with self.session() as session:
            return session.get(url, **options)  # type: ignore[arg-type]

    def session(self, *, http2: bool = False) -> httpx.Client:
        """Return a client that connects to 127.0.0.1 for every host name."""
        return httpx.Client(transport=_Local(verify=False, http2=http2), timeout=20)

    def address(self, host: str, path: str = "/", scheme: str = "https") -> str:
        """Return the URL of a host on the public proxy."""
        return f"{scheme}://{host}:{self.ports[scheme]}{path}"


class _Local(httpx.HTTPTransport):
    """Sends each request to 127.0.0.1, with the Host and the TLS name of its URL."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = request.url.host
        request.url = request.url.copy_with(host="127.0.0.1")
        return super().handle_request(request)


def template(side: Side) -> Path:
    """Return the template that setup installs."""
    return images.TEMPLATES / "conf" / f"haproxy-{side}" / "haproxy.cfg.j2"


def trusting() -> ssl.SSLContext:
    """Return a TLS client that accepts any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def until(about: str, condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for something that takes the proxy a moment, such as a health check."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {about}"
        time.sleep(0.05)


def _free_ports(names: tuple[str, ...]) -> dict[str, int]:
    with contextlib.ExitStack() as stack:
        sockets = {name: stack.enter_context(socket.socket()) for name in names}
        for each in sockets.values():
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in sockets.items()}


def _make_directories(root: Path) -> tuple[Paths, RunPaths]:
    paths, run = Paths(root / "data-directory"), RunPaths(f"proxytest-{uuid.uuid4().hex[:8]}", root / "run")
    proxy = (PROXY_UID, PROXY_GID)
    for side in Side:
        paths.proxy_template(side).parent.mkdir(parents=True)
        shutil.copy(template(side), paths.proxy_template(side))
        files.make_directory(run.proxy(side), 0o750, proxy)
        files.make_directory(paths.proxy_generated(side), 0o750, (0, PROXY_GID))
        files.make_directory(paths.proxy_certificates(side), 0o750, (0, PROXY_GID))
    placeholder.ensure(paths.proxy_certificates(Side.PUBLIC), PROXY_GID, time.time())
    return paths, run


@contextlib.contextmanager
def open_stand(root: Path) -> Iterator[Stand]:
    """Yield both proxies with the shared models, running. All of it is removed afterwards, also after a failure."""
    paths, run = _make_directories(root)
    with contextlib.ExitStack() as stack:
        client = docker.from_env()
        stack.callback(client.close)
        build(client, (images.HAPROXY,))
        image = images.effective(images.HAPROXY.reference, images.LOCAL)
        directory = root / "backends"
        directory.mkdir()
        (directory / "forwarder.cfg").write_text(FORWARDER)
        backends = Backends(directory)
        stack.callback(backends.stop)
        network = client.networks.create(run.instance, labels={"shoestring.test": run.instance})
        stack.callback(network.remove)
        stack.callback(_remove_containers, client, run.instance)
        ports = _free_ports(("http", "https", "internal", "tcp"))
        stand = Stand(client, paths, run, image, network, backends, ports)
        stand.containers["all"] = stand.start_backend("plain", "wild", "taken", "socket", "tcp", "sick", "well")
        for side in Side:
            install.prepare(paths, stand.model(side), image, client)
            stand.containers[side] = stand.start_proxy(side)
        until("both proxies serve", lambda: all(_serves(stand, side) for side in Side))
        yield stand


def _serves(stand: Stand, side: Side) -> bool:
    url = stand.address("plain.example.test")
    if side is Side.INTERNAL:
        url = f"http://plain.internal.test:{stand.ports['internal']}/"
    with contextlib.suppress(httpx.HTTPError):
        return stand.http(url).status_code == 200
    return False


def _remove_containers(client: DockerClient, instance: str) -> None:
    for container in client.containers.list(all=True, filters={"label": f"shoestring.test={instance}"}):
        container.remove(force=True, v=True)


def with_backend(model: ProxyModel, *more: Backend) -> ProxyModel:
    """Return a model with more backends."""
    return replace(model, backends=(*model.backends, *more))
