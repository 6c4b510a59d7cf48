"""An instance with registries at an address that other machines reach, and these machines."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from installer.services.registry_docker import login
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, InternalTls
from tests.support.bridges import host_bridge
from tests.support.deploy.stand import Answer, shoestring
from tests.support.engine import Instance, built_image, new_settings, until
from tests.support.install.host import engine_rights

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.networks import Network

IMAGES = Path(__file__).parents[1] / "images"
CA = Path("/usr/local/share/ca-certificates/shoestring-test.crt")


@dataclass(frozen=True)
class Machine:
    """A container in place of a user's computer; it trusts the instance's CA."""

    name: str

    def run(self, *arguments: str, stdin: str = "", timeout: float = 240) -> subprocess.CompletedProcess[str]:
        """Run a program, whatever its exit code."""
        return subprocess.run(
            ("docker", "exec", "--interactive", self.name, *arguments),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def shell(self, script: str, stdin: str = "", timeout: float = 240) -> str:
        """Return what a script prints; it must succeed."""
        result = self.run("sh", "-euc", script, stdin=stdin, timeout=timeout)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def put(self, path: str | Path, content: bytes) -> None:
        """Write a file on it."""
        argv = ("docker", "exec", "--interactive", self.name, "sh", "-c", f"mkdir -p $(dirname {path}); cat >{path}")
        subprocess.run(argv, input=content, check=True, timeout=60)


@dataclass(frozen=True)
class Site:
    """The instance, and the network that it is reached on. `docker_config` has the host's own logins."""

    instance: Instance
    network: Network
    address: str
    docker_config: Path

    def host(self, name: str) -> str:
        """Return a host name of the internal side."""
        return f"{name}.{self.instance.settings.internal_domain}"

    def command(self, *arguments: str) -> Answer:
        """Run the command line; it must succeed."""
        answer = shoestring(self.instance, *arguments)
        assert answer.code == 0, answer.out + answer.err
        return answer

    def answer(self, *arguments: str) -> dict[str, Any]:
        """Return what a command answers as JSON."""
        found: dict[str, Any] = json.loads(self.command(*arguments, "--json").out)
        return found

    @property
    def root(self) -> bytes:
        """The certificate of the private CA."""
        return (self.instance.paths.private_ca / "root.pem").read_bytes()

    @contextlib.contextmanager
    def machine(self, image: str, *hosts: str, options: tuple[str, ...] = ()) -> Iterator[Machine]:
        """Yield a machine on the network that knows some host names. It is removed afterwards."""
        name = f"{self.instance.settings.instance}-{secrets.token_hex(2)}"
        known = (f"--add-host={self.host(each)}:{self.address}" for each in hosts)
        argv = ("docker", "run", "--detach", "--init", "--name", name, f"--network={self.network.name}")
        subprocess.run((*argv, *known, *options, image), check=True, capture_output=True, timeout=60)
        try:
            made = Machine(name)
            if self.instance.settings.internal_tls is InternalTls.PRIVATE_CA:
                made.put(CA, self.root)
                made.shell("update-ca-certificates >/dev/null 2>&1")
            yield made
        finally:
            subprocess.run(("docker", "rm", "--force", "--volumes", name), check=True, capture_output=True)


@contextlib.contextmanager
def open_site(
    root: Path, client: DockerClient, *services: str, tls: InternalTls = InternalTls.PRIVATE_CA
) -> Iterator[Site]:
    """Yield an instance with services, all of it running. All of it is removed afterwards."""
    settings = new_settings()
    network = client.networks.create(f"{settings.instance}-beside")
    with contextlib.ExitStack() as stack:
        stack.callback(network.remove)
        address = host_bridge(client, str(network.id)).address
        # A domain that no other test has: it is written to this host's engine and /etc/hosts.
        settings = replace(
            settings,
            domain=f"{settings.instance}.test",
            public=None,
            internal=InternalSettings(address=FixedAddress(address), http_port=80, https_port=443, tls=tls),
        )
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        config = root.parent / "docker-config"
        patch.setenv("DOCKER_CONFIG", str(config))
        instance = Instance(root, settings)
        stack.callback(instance.close)
        site = Site(instance, network, address, config)
        stack.callback(_forget, site)
        site.command("service", "add", *services, "--yes")
        yield site


@contextlib.contextmanager
def engine(site: Site, client: DockerClient, *more: str) -> Iterator[Machine]:
    """Yield a machine with an engine of its own, that knows the Docker registry. `more` are options of docker run."""
    options = (*engine_rights(), "--volume=/var/lib/docker", "--volume=/var/lib/containerd", *more)
    with site.machine(built_image(client, IMAGES / "engine"), "docker", options=options) as machine:
        until(lambda: machine.run("docker", "info").returncode, lambda code: code == 0)
        yield machine


def _forget(site: Site) -> None:
    login.undo(site.instance.paths, site.instance.settings)
