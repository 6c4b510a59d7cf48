"""A place for setup on this host, with answers and free ports of its own."""

from __future__ import annotations

import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installer import images
from installer.setup.plan import SetupOptions
from runtime.base.paths import RUN_ROOT, Paths
from runtime.context.cluster import open_cluster
from runtime.docker.images import BUSYBOX, HAPROXY
from runtime.reconcile import operations
from tests.support.engine import LOOPBACK, ask, free_port, no_trust, until


@dataclass(frozen=True)
class Host:
    """A place for a data directory on this host, and ports that are free."""

    paths: Paths
    default_file: Path
    public_http: int
    public_https: int
    internal_http: int
    internal_https: int

    def answers(self, **changed: str) -> Path:
        """Return an answers file; `changed` has lines to replace or add, by their key."""
        lines = {
            "domain": "example.test",
            "email": "ops@example.test",
            "public": f"{{address: {LOOPBACK}, http_port: {self.public_http}, https_port: {self.public_https}}}",
            "internal": self.internal,
            "images": "{source: local}",
            **changed,
        }
        file = self.default_file.with_name("answers.yaml")
        file.write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
        return file

    @property
    def internal(self) -> str:
        """The internal side's answers."""
        return f"{{http_port: {self.internal_http}, https_port: {self.internal_https}}}"

    def options(self, answers: Path | None = None, *, start: bool = False, dry_run: bool = False) -> SetupOptions:
        return SetupOptions(
            data_directory=self.paths.root,
            answers=answers or self.answers(),
            start=start,
            dry_run=dry_run,
            default_file=self.default_file,
        )

    def page(self, address: str = LOOPBACK) -> str:
        """Return the example's page, through the public proxy over HTTPS."""
        import http.client

        def get() -> str:
            connection = http.client.HTTPSConnection(address, self.public_https, timeout=10, context=no_trust())
            return ask(connection, "example.test", "/", {}).body

        return until(get, lambda body: "It works" in body)


def build_images() -> None:
    """Build the images of the core, so that no test waits for a slow build."""
    from runtime.docker import engine

    client = engine.connect()
    images.build(client, (HAPROXY, BUSYBOX))
    client.close()


@contextmanager
def open_host(directory: Path) -> Iterator[Host]:
    """Yield a place below a directory; what setup started there is stopped afterwards."""
    paths = Paths(directory / "srv" / f"t{secrets.token_hex(3)}")
    yield Host(paths, directory / "record", free_port(), free_port(), free_port(), free_port())
    if paths.settings.exists():
        cluster = open_cluster(paths)
        operations.stop(cluster, timeout=60)
        shutil.rmtree(RUN_ROOT / cluster.settings.instance, ignore_errors=True)
        cluster.client.close()


# What the first start adds: certificates and their ledger.
STARTED = ("data/private-ca/issued", "data/shoestring", "data/haproxy-internal-ssl/")


def conf_and_data(paths: Paths) -> dict[str, bytes]:
    """Return the files that setup makes, without secrets (keys, certificates), commits and generated files."""
    found = {}
    for top in (paths.conf, paths.data):
        for path in top.rglob("*"):
            name = str(path.relative_to(paths.root))
            if not name.startswith(("conf/.git/", *STARTED)):
                secret = path.is_dir() or name.startswith(("data/haproxy-public-ssl/", "data/private-ca/"))
                found[f"{stat.filemode(path.stat().st_mode)} {name}"] = b"" if secret else path.read_bytes()
    return found
