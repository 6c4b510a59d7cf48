"""A fresh demo as packaging/install.sh makes it, at an address of its own, and requests to it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import secrets as random
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from installer.services.registry_docker import login as registry_login
from installer.terminal.progress import ProgressLines
from installer.uninstall import run
from runtime.base.paths import Paths
from runtime.config import secrets
from runtime.context.cluster import open_cluster
from runtime.docker.images import TELEGRAF
from runtime.docker.observed import observe
from tests.support.engine import own_loopback
from tests.support.services.telegraf_image import telegraf_image

if TYPE_CHECKING:
    from docker import DockerClient

ROOT = Path(__file__).parents[3]
ANSWERS = "set -eu; IMAGE_SOURCE=local; . packaging/lib/demo.sh; demo_answers"
# Without what concerns the whole host.
SETUP = ("--no-record", "--yes", "--no-timers", "--no-swap", "--no-log-rotation", "--no-firewall")
# Missing images are built in this time.
SECONDS = 240
TIMEOUT_SECONDS = 20.0
Login = tuple[str, str] | None


@dataclass(frozen=True)
class Demo:
    """The demo: its data directory, and the answers that it was set up by."""

    paths: Paths
    answers: dict[str, Any]

    @property
    def instance(self) -> str:
        return str(self.answers["instance"])

    @property
    def address(self) -> str:
        """That of the internal side."""
        return str(self.answers["internal"]["address"])

    @property
    def passwords(self) -> dict[str, str]:
        return secrets.load(self.paths.secrets)

    @property
    def files(self) -> dict[str, str]:
        """Each file of the configuration with a digest and its mode."""
        found = (each for each in self.paths.conf.rglob("*") if each.is_file())
        return {str(each): f"{hashlib.sha256(each.read_bytes()).hexdigest()} {each.stat().st_mode}" for each in found}

    def run(self, *arguments: str) -> str:
        """Run the command line as a process of its own, which must succeed; return its output."""
        argv = (sys.executable, "-c", "from installer.cli.main import main; main()", *arguments)
        done = subprocess.run(
            (*argv, "--data-directory", str(self.paths.root)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd=ROOT,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def answer(self, *arguments: str) -> dict[str, Any]:
        """Return what a command answers as JSON."""
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json"))
        return found

    def page(self, name: str) -> str:
        """Return the URL of a name of the internal side."""
        return f"https://{name}.{self.answers['internal']['domain']}:{self.answers['internal']['https_port']}"

    def ask(self, name: str, path: str, login: Login = None, method: str = "GET", body: str = "") -> tuple[int, str]:
        """Return status and body from a name of the internal side, by HTTPS with the demo's own CA."""
        host, port = f"{name}.{self.answers['internal']['domain']}", int(self.answers["internal"]["https_port"])
        trust = ssl.create_default_context(cafile=str(self.paths.private_ca / "root.pem"))
        headers = {"Content-Type": "application/json"} if body else {}
        if login:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        with contextlib.closing(http.client.HTTPConnection(host, port)) as connection:
            plain = socket.create_connection((self.address, port), TIMEOUT_SECONDS)
            connection.sock = trust.wrap_socket(plain, server_hostname=host)
            connection.request(method, path, body.encode() or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def containers(self, client: DockerClient) -> dict[str, str]:
        """Return the names of all containers, with the moment each was started."""
        seen = observe(client, self.instance).containers
        return {each.name: client.api.inspect_container(each.id)["State"]["StartedAt"] for each in seen}


@contextlib.contextmanager
def official_telegraf(client: DockerClient) -> Iterator[None]:
    """Tag the Telegraf that the tests build with the name of the official image, unless that one is here."""
    if client.images.list(name=TELEGRAF.reference):
        yield
        return
    repository, _, tag = TELEGRAF.reference.partition(":")
    client.images.get(telegraf_image(client)).tag(repository, tag)
    try:
        yield
    finally:
        client.images.remove(TELEGRAF.reference)


@contextlib.contextmanager
def open_demo(scratch: Path) -> Iterator[Demo]:
    """Yield the demo, started, with a domain and addresses of its own. All of it is removed afterwards."""
    shown = subprocess.run(("bash", "-c", ANSWERS), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    answers, address = yaml.safe_load(shown), own_loopback()
    instance = f"t{random.token_hex(3)}"
    answers |= {"instance": instance, "domain": f"{instance}.test"}
    answers["public"]["address"] = address
    answers["internal"] |= {"address": address, "domain": f"internal.{instance}.test"}
    file = scratch / "answers.yaml"
    file.write_text(yaml.safe_dump(answers))
    demo = Demo(Paths(scratch / "data-directory"), answers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(scratch / "docker-config"))
        try:
            demo.run("setup", "--answers", str(file), *SETUP)
            yield demo
        finally:
            _remove(demo, scratch / "record")


def _remove(demo: Demo, record: Path) -> None:
    if not demo.paths.settings.exists():
        return
    cluster = open_cluster(demo.paths)
    with contextlib.closing(cluster.client):
        registry_login.undo(demo.paths, cluster.settings)
        wanted = run.plan(cluster, purge=True, default_file=record)
        # What other instances on this host may use is kept.
        wanted = replace(wanted, images=(), swap=False, daemon="")
        run.apply(cluster, wanted, ProgressLines(StringIO()), record)
        assert observe(cluster.client, demo.instance).containers == ()
    assert not demo.paths.root.exists()
