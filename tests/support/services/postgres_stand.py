"""An instance with Postgres, at a loopback address of its own; clients; and a second major version of the image."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from installer.images.build import context
from runtime.base import command, files
from runtime.base.paths import Side
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, InternalTls
from runtime.context.cluster import open_cluster
from runtime.docker import images
from runtime.docker.images import BASE, POSTGRES
from tests.support.deploy.stand import Answer, shoestring
from tests.support.engine import Instance, new_settings, own_loopback, until

if TYPE_CHECKING:
    from docker import DockerClient

OLD, NEW = 15, 17
REPOSITORY = "localhost/shoestring-test/postgres"
# Where Debian has the old version.
OLD_SUITE = "bookworm"
SOURCES = (
    f"deb http://deb.debian.org/debian {OLD_SUITE} main",
    f"deb http://deb.debian.org/debian-security {OLD_SUITE}-security main",
)


def old_image(client: DockerClient) -> str:
    """Return an image by the same recipe of Debian's previous version, on another base. Built once and kept."""
    tag = f"{REPOSITORY}:{OLD}-{images.recipe_hash(POSTGRES)}"
    with files.lock(Path(tempfile.gettempdir()) / "shoestring-test-postgres.lock", timeout=600):
        if not client.images.list(name=tag):
            base = f"{REPOSITORY}-base:{OLD_SUITE}"
            with _bootstrapped(client) as debian:
                _build(client, BASE, base, DEBIAN=debian)
            _build(client, POSTGRES, tag, BASE=base, PG_MAJOR=str(OLD))
            client.images.remove(base)
    return tag


@contextlib.contextmanager
def _bootstrapped(client: DockerClient) -> Iterator[str]:
    name = f"{REPOSITORY}-debian:{OLD_SUITE}"
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        # apt drops its privileges there, and must still be able to read.
        Path(directory).chmod(0o755)
        archive = Path(directory) / "debian.tar"
        argv = ("mmdebstrap", "--variant=minbase", OLD_SUITE, str(archive), *SOURCES)
        command.check(argv, timeout=600, environment={"TMPDIR": directory})
        client.api.import_image(str(archive), repository=name.partition(":")[0], tag=OLD_SUITE)
    try:
        yield name
    finally:
        client.images.remove(name)


def _build(client: DockerClient, image: images.PinnedImage, tag: str, **arguments: str) -> None:
    import io

    events = client.api.build(
        fileobj=io.BytesIO(context(image)),
        custom_context=True,
        tag=tag,
        buildargs=arguments,
        network_mode="host",
        rm=True,
        forcerm=True,
        decode=True,
    )
    for event in events:
        assert "error" not in event, event


@dataclass(frozen=True)
class Site:
    """The instance with Postgres in it, and the address of its internal side."""

    instance: Instance
    address: str

    @property
    def file(self) -> Path:
        return self.instance.file(Side.INTERNAL, "postgres")

    @property
    def container(self) -> str:
        return self.instance.container("postgres")

    @property
    def secrets(self) -> dict[str, str]:
        found: dict[str, str] = yaml.safe_load(self.instance.paths.secrets.read_text())
        return found

    @property
    def folder(self) -> Path:
        """The folder with a folder for each version."""
        return self.instance.paths.data / "postgres"

    def run(self, *arguments: str) -> Answer:
        """Run the command line, whatever its exit code."""
        return shoestring(self.instance, *arguments)

    def command(self, *arguments: str) -> Answer:
        """Run the command line; it must succeed."""
        answer = self.run(*arguments)
        assert answer.code == 0, answer.out + answer.err
        return answer

    def answer(self, *arguments: str) -> dict[str, object]:
        """Return what a command answers as JSON."""
        found: dict[str, object] = json.loads(self.command(*arguments, "--json").out)
        return found

    def sql(self, sql: str, database: str = "postgres") -> str:
        """Run SQL as the superuser in the container; return the answer."""
        argv = ("docker", "exec", "--interactive", self.container, "psql", "--username=postgres", "--no-align")
        options = ("--tuples-only", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={database}")
        return command.check((*argv, *options), stdin=sql, timeout=300).out.strip()

    def client(
        self, sql: str, *, url: str = "", password: str | None = None, user: str = "postgres", network: str = "host"
    ) -> subprocess.CompletedProcess[str]:
        """Run SQL as a client elsewhere: through the internal side's port, or from a container on a network."""
        where = url or f"postgres://{user}@{self.address}:5432/{'postgres' if user == 'postgres' else user}"
        environment = {"PGCONNECT_TIMEOUT": "10", **({} if password is None else {"PGPASSWORD": password})}
        passed = tuple(f"--env={name}" for name in environment)
        image = images.local_name(POSTGRES)
        return subprocess.run(
            (
                "docker",
                "run",
                "--rm",
                f"--network={network}",
                *passed,
                image,
                "psql",
                "--no-password",
                "-Atc",
                sql,
                where,
            ),
            env={**_environment(), **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def wait(self) -> None:
        """Wait until Postgres answers through the proxy."""
        until(
            lambda: self.client("SELECT 1", password=self.secrets["POSTGRES_PASSWORD"]).stdout.strip(),
            lambda answer: answer == "1",
        )


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


@contextlib.contextmanager
def open_site(root: Path) -> Iterator[Site]:
    """Yield an instance to which Postgres is added by the command line. All of it is removed afterwards."""
    address = own_loopback()
    settings = replace(
        new_settings(),
        internal=InternalSettings(address=FixedAddress(address), http_port=8081, tls=InternalTls.NONE),
    )
    instance = Instance(root, settings)
    try:
        site = Site(instance, address)
        site.command("service", "add", "postgres", "--yes")
        # The settings have one more network now.
        instance.cluster.client.close()
        instance.cluster = open_cluster(instance.paths)
        yield site
    finally:
        instance.close()
