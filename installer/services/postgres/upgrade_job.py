"""An upgrade as planned before anything is changed, and the checks of what would prevent it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from installer.applications.trial import require_proxies
from installer.data_directory import default_directory
from installer.images.references import repository
from installer.services.postgres import data_folder, inventory
from installer.services.postgres import server as servers
from installer.services.postgres.data_folder import DataFolder
from installer.services.postgres.server import PostgresServer
from runtime.base import command
from runtime.base.constants import MEGABYTE
from runtime.base.disk_space import ADVICE, LOW_MEGABYTES
from runtime.base.errors import ShoestringError, UsageError
from runtime.docker import images
from runtime.reconcile.snapshot import Snapshot

if TYPE_CHECKING:
    from runtime.context.cluster import Cluster

OFFICIAL = repository(images.POSTGRES.reference)
# A restore writes each page to the log first; Postgres keeps at most this much of it.
LOG_BYTES = 512 * MEGABYTE
# To print its version it needs 14 MB.
_MEMORY = "64m"
_VERSION = "SELECT current_setting('server_version_num')::int / 10000;"
_SIZE = "SELECT coalesce(sum(pg_database_size(oid)), 0)::bigint FROM pg_database;"
_OPEN = "SELECT count(*) FROM pg_prepared_xacts;"
_TABLESPACES = "SELECT spcname FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY spcname;"


@dataclass(frozen=True)
class UpgradeJob:
    """An upgrade: `data` is the folder with the data now, `image` the new one in the file. Sizes are in bytes.

    `option` is the data directory's option for commands in hints: on another instance they would do harm.
    """

    data: DataFolder
    before: int
    after: int
    image: str
    databases: tuple[str, ...]
    size: int
    free: int
    option: str = ""

    @property
    def again(self) -> str:
        """Return the command that tries the same again."""
        image = "" if self.image == official(self.after) else f" --image {self.image}"
        return f"shoestring postgres upgrade {self.after}{image}{self.option}"

    def prune_command(self, folder: str) -> str:
        """Return the command that deletes a folder of data, by its name."""
        return f"shoestring postgres prune {folder}{self.option}"

    @property
    def folder(self) -> Path:
        """Return the folder for the data of the new version."""
        return self.data.folder_of(str(self.after))

    @property
    def unfinished(self) -> Path:
        """Return the folder for data that are not complete; it may be deleted while no upgrade runs."""
        return self.data.folder_of(f"{self.after}.upgrading")

    @property
    def failed(self) -> Path:
        """Return the folder for data that the new version does not run with."""
        return self.data.folder_of(f"{self.after}.failed")

    @property
    def edited(self) -> str:
        """Return the text of the application file with the new version. Raises CannotEditError."""
        return data_folder.edited(self.data, self.image, str(self.after))


def official(version: int) -> str:
    """Return the official image of a version, on the operating system of the catalogue's image."""
    name, _, tag = images.POSTGRES.reference.partition(":")
    return f"{name}:{version}-{tag.partition('-')[2]}"


def find(cluster: Cluster, version: int, image: str = "") -> UpgradeJob | None:
    """Plan the upgrade to a version. Return None if it already runs.

    Raises UsageError for what makes no sense, ShoestringError for what cannot be done now.
    """
    service = servers.find(cluster)
    server = servers.running(cluster, service)
    before = _number(server, _VERSION)
    option = default_directory.option(cluster.paths.root)
    if version == before and image in ("", service.image):
        return None
    if version <= before:
        raise UsageError(
            f"Version {before} runs; an upgrade to version {version} is not possible. Name a later version."
        )
    if not image and repository(images.normalise(service.image)) != OFFICIAL:
        raise UsageError(
            f"{service.image} is not the official image, so name the image of version {version}: "
            f"shoestring postgres upgrade {version} --image IMAGE{option}"
        )
    variables = Snapshot(cluster).desired.variables
    here = data_folder.find(service, variables, before)
    _require_dumpable(server)
    status = os.statvfs(here.folder.parent)
    job = UpgradeJob(
        here,
        before,
        version,
        image or official(version),
        inventory.databases(server),
        _number(server, _SIZE),
        status.f_bavail * status.f_frsize,
        option,
    )
    _ = job.edited  # Called only because it raises an error.
    require_room(job)
    require_proxies(Snapshot(cluster))
    return job


def _number(server: PostgresServer, sql: str) -> int:
    return int(server.ask(sql)[0][0])


def _require_dumpable(server: PostgresServer) -> None:
    """Raise ShoestringError for content that a dump does not have."""
    closed = [name for (name,) in server.ask(inventory.CLOSED)]
    if closed:
        raise ShoestringError(
            f"The database {closed[0]} accepts no connections, so it cannot be read. Open it "
            f'(ALTER DATABASE "{closed[0]}" ALLOW_CONNECTIONS true) or drop it, then try again.'
        )
    if _number(server, _OPEN):
        raise ShoestringError(
            "There are prepared transactions (SELECT * FROM pg_prepared_xacts). Commit them or roll them back first."
        )
    if spaces := [name for (name,) in server.ask(_TABLESPACES)]:
        raise ShoestringError(
            f"There are tablespaces ({', '.join(spaces)}); an upgrade copies only one folder. Move their content to "
            "pg_default and drop them first."
        )


def require_room(job: UpgradeJob) -> None:
    """Raise ShoestringError if the disk has no room for a second copy of the data and the log of writing it."""
    needed = job.size + LOG_BYTES + LOW_MEGABYTES * MEGABYTE
    if job.free < needed:
        raise ShoestringError(
            f"{job.data.folder.parent} has {job.free // MEGABYTE} MB free, and the upgrade needs "
            f"{needed // MEGABYTE} MB: {job.size // MEGABYTE} MB for a copy of the databases, the rest to write it. "
            f"Nothing was changed. {ADVICE}"
        )


def check_image(job: UpgradeJob, source: str) -> None:
    """Raise UsageError if the new image, which must be on this host, has another version."""
    name = images.effective(job.image, source)
    limits = ("--network", "none", "--memory", _MEMORY)
    result = command.run(("docker", "run", "--rm", *limits, "--entrypoint", "postgres", name, "--version"))
    found = re.search(r"\(PostgreSQL\) (\d+)", result.out)
    if found is None:
        raise UsageError(
            f"{job.image} does not print its version, so it is not an image of Postgres: {result.tail(1)}"
        )
    if int(found[1]) != job.after:
        raise UsageError(f"{job.image} has version {found[1]}, not {job.after}; nothing was changed.")
