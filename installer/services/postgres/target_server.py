"""The server of the new version that the data is restored to: it runs next to the old one and is not reachable.

Compose runs it in Postgres's own project, as a service that is not in the application file: after a kill, the next
run of the watchdog removes it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from installer.services.postgres.data_folder import DataFolder
from installer.services.postgres.server import PostgresServer, definition, end_of_log, superuser
from runtime.base import command, files
from runtime.base.errors import ShoestringError
from runtime.config.compose_file import ComposeService
from runtime.docker import compose
from runtime.docker.compose import environment as compose_environment
from runtime.docker.images import LOCAL, effective
from runtime.docker.projects import GeneratedFile, labels

if TYPE_CHECKING:
    from runtime.context.cluster import Cluster

SERVICE = "upgrade"
HEADER = "# Made by Shoestring for an upgrade of Postgres. It may be deleted.\n"
INIT_FOLDER = "/docker-entrypoint-initdb.d"
READY_SECONDS = 300.0
# Enough to write all memory to a slow disk.
STOP_SECONDS = 600
POLL_SECONDS = 0.3
# Keys that make a container reachable, restart it, or order its start.
_DROPPED = (
    "ports",
    "networks",
    "hostname",
    "container_name",
    "restart",
    "healthcheck",
    "depends_on",
    "deploy",
    "scale",
)


@dataclass(frozen=True)
class TargetServer:
    """The new server: `data` is the folder of the old data, `folder` that of the new, `image` as in a file."""

    cluster: Cluster
    data: DataFolder
    folder: Path
    image: str
    variables: Mapping[str, str]

    @property
    def container(self) -> str:
        """Return the name of its container."""
        return f"{self._project}-{SERVICE}-1"

    @property
    def _project(self) -> str:
        return self.cluster.settings.project(self.data.service.name)

    @property
    def _file(self) -> GeneratedFile:
        path = self.cluster.paths.generated / "postgres-upgrade.yaml"
        return GeneratedFile(path, HEADER, content(self))

    def remove(self) -> None:
        """Remove the container, running or not, and the folder, as far as they exist."""
        from docker.errors import NotFound

        with contextlib.suppress(NotFound):
            self.cluster.client.containers.get(self.container).remove(force=True, v=True)
        files.remove(self._file.file)
        files.remove_tree(self.folder)

    def start(self) -> PostgresServer:
        """Create the folder, start the server and wait until it accepts connections. Raises ShoestringError."""
        owner = self.data.folder.stat()
        files.make_directory(self.folder, 0o700, (owner.st_uid, owner.st_gid))
        files.write(self._file.file, self._file.content)
        argv = compose.up_service(self._project, self._file.file, self.data.service.file.parent, SERVICE)
        result = command.run(
            argv,
            environment=compose_environment(self.variables),
            clear_env=True,
            timeout=compose.UP_TIMEOUT_SECONDS,
            secrets=tuple(value for name, value in self.variables.items() if name != "DATA_BASE_PATH"),
        )
        if not result.ok:
            raise ShoestringError(f"The new version does not start: {result.tail(3)}")
        server = PostgresServer(self.container, superuser(definition(self.data.service)))
        self._wait(server)
        return server

    def _wait(self, server: PostgresServer) -> None:
        """Wait by TCP: while it initializes, the server listens only to its own scripts."""
        deadline = time.monotonic() + READY_SECONDS
        while not command.run(server.program("pg_isready", "--quiet", "--host=127.0.0.1")).ok:
            container = self.cluster.client.containers.get(self.container)
            if container.status != "running" or time.monotonic() > deadline:
                raise ShoestringError(
                    "The new version does not start. Its log:\n" + end_of_log(self.cluster.client, self.container)
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop the server, so that everything is on the disk, and remove its container; the folder stays.

        Raises ShoestringError if it had to be killed.
        """
        container = self.cluster.client.containers.get(self.container)
        container.stop(timeout=STOP_SECONDS)
        code = int(container.wait()["StatusCode"])
        log = end_of_log(self.cluster.client, self.container)
        container.remove(v=True)
        files.remove(self._file.file)
        if code != 0:
            raise ShoestringError(f"The new version did not shut down cleanly (exit code {code}). Its log:\n{log}")


@contextmanager
def removed(target: TargetServer) -> Iterator[TargetServer]:
    """Remove what a target server left before, and what this one leaves if the block fails."""
    target.remove()
    try:
        yield target
    except BaseException:
        target.remove()
        raise


def content(target: TargetServer) -> dict[str, Any]:
    """Return the Compose file of the new server: the service with another image and folder. Pure."""
    settings, service = target.cluster.settings, target.data.service
    given = definition(service)
    keys = {key: value for key, value in given.own_keys.items() if key not in _DROPPED}
    image = effective(target.image, settings.images.source)
    keys |= {
        "image": image,
        "network_mode": "none",
        "restart": "no",
        "volumes": _volumes(target, given),
        # The database that POSTGRES_DB names is in the restored data.
        "environment": {key: value for key, value in given.environment.items() if key != "POSTGRES_DB"},
        "labels": labels(settings.instance, service.name, service.application.side, SERVICE),
    }
    if settings.images.source == LOCAL and image != target.image:
        keys["pull_policy"] = "never"
    file = service.application.compose
    sections = {key: file.section(key) for key in ("secrets", "configs")}
    return {"services": {SERVICE: keys}} | {key: value for key, value in sections.items() if value}


def _volumes(target: TargetServer, given: ComposeService) -> list[Any]:
    """Return the new folder instead of the old one, and read-only mounts but for scripts of a first start."""
    found: list[Any] = []
    for index, each in enumerate(given.volumes):
        if target.data.key[3] == index:
            source = str(target.folder).replace("$", "$$")
            found.append({**each, "source": source} if isinstance(each, Mapping) else target.data.volume(source))
        elif INIT_FOLDER not in str(each) and _is_read_only(each):
            found.append(each)
    return found


def _is_read_only(volume: object) -> bool:
    if isinstance(volume, Mapping):
        return bool(volume.get("read_only"))
    return "ro" in str(volume).rpartition(":")[2].split(",")
