"""The server of the new version, beside the old one and reached by nobody, while it takes the data.

Compose runs it in Postgres's own project, as a service that the application file does not have. So a pass that
comes after a kill finds a container too many, and removes it.
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
from installer.services.postgres.server import Server, definition, end_of_log, environment, superuser
from runtime.base import command, files
from runtime.base.errors import ShoestringError
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
# To write what is in memory to a slow disk.
STOP_SECONDS = 600
POLL_SECONDS = 0.3
# What makes a container reachable or its own life, and what the restored data bring themselves.
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
    """A new server: `place` is that of the old data, `folder` is for the new, `image` as in an application file."""

    cluster: Cluster
    data: DataFolder
    folder: Path
    image: str
    variables: Mapping[str, str]

    @property
    def container(self) -> str:
        """What Compose calls its container."""
        return f"{self._project}-{SERVICE}-1"

    @property
    def _project(self) -> str:
        return self.cluster.settings.project(self.data.service.name)

    @property
    def _file(self) -> GeneratedFile:
        path = self.cluster.paths.generated / "postgres-upgrade.yaml"
        return GeneratedFile(path, HEADER, content(self))

    def remove(self) -> None:
        """Remove the container, with or without it running, and the folder. They may be gone already."""
        from docker.errors import NotFound

        with contextlib.suppress(NotFound):
            self.cluster.client.containers.get(self.container).remove(force=True, v=True)
        files.remove(self._file.file)
        files.remove_tree(self.folder)

    def start(self) -> Server:
        """Make the folder and start the server; returns when it takes connections. Raises ShoestringError."""
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
        server = Server(self.container, superuser(definition(self.data.service)))
        self._wait(server)
        return server

    def _wait(self, server: Server) -> None:
        """By TCP: while its data are made, the server listens to its own scripts alone."""
        deadline = time.monotonic() + READY_SECONDS
        while not command.run(server.program("pg_isready", "--quiet", "--host=127.0.0.1")).ok:
            container = self.cluster.client.containers.get(self.container)
            if container.status != "running" or time.monotonic() > deadline:
                raise ShoestringError(
                    "The new version does not start. It says:\n" + end_of_log(self.cluster.client, self.container)
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop the server so that all is on the disk, and remove its container; the folder stays.

        Raises ShoestringError if it did not stop by itself.
        """
        container = self.cluster.client.containers.get(self.container)
        container.stop(timeout=STOP_SECONDS)
        code = int(container.wait()["StatusCode"])
        said = end_of_log(self.cluster.client, self.container)
        container.remove(v=True)
        files.remove(self._file.file)
        if code != 0:
            raise ShoestringError(f"The new version did not stop well (exit code {code}). It says:\n{said}")


@contextmanager
def removed(spare: TargetServer) -> Iterator[TargetServer]:
    """Have nothing of a spare there before; and nothing after, if what goes on meanwhile fails."""
    spare.remove()
    try:
        yield spare
    except BaseException:
        spare.remove()
        raise


def content(spare: TargetServer) -> dict[str, Any]:
    """The Compose file of the new server: the service as in the application file, with image and folder. Pure."""
    settings, service = spare.cluster.settings, spare.data.service
    given = definition(service)
    wanted = {key: value for key, value in given.items() if key not in _DROPPED and not str(key).startswith("x-")}
    image = effective(spare.image, settings.images.source)
    wanted |= {
        "image": image,
        "network_mode": "none",
        "restart": "no",
        "volumes": _volumes(spare, given),
        # The database that it names comes with the data.
        "environment": {key: value for key, value in environment(given).items() if key != "POSTGRES_DB"},
        "labels": labels(settings.instance, service.name, service.application.side, SERVICE),
    }
    if settings.images.source == LOCAL and image != spare.image:
        wanted["pull_policy"] = "never"
    top = service.application.document.value
    return {"services": {SERVICE: wanted}} | {key: top[key] for key in ("secrets", "configs") if key in top}


def _volumes(spare: TargetServer, given: Mapping[str, Any]) -> list[Any]:
    """The new folder in the place of the old one, and what is only read; no scripts of a first start."""
    found: list[Any] = []
    for index, each in enumerate(given.get("volumes") or ()):
        if spare.data.key[3] == index:
            source = str(spare.folder).replace("$", "$$")
            found.append({**each, "source": source} if isinstance(each, Mapping) else spare.data.volume(source))
        elif INIT_FOLDER not in str(each) and _is_read_only(each):
            found.append(each)
    return found


def _is_read_only(volume: object) -> bool:
    if isinstance(volume, Mapping):
        return bool(volume.get("read_only"))
    return "ro" in str(volume).rpartition(":")[2].split(",")
