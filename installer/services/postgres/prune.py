"""Data that Postgres does not use any more: found and deleted by the name of their folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from installer.services.postgres import data_folder
from installer.services.postgres import server as servers
from runtime.base import files
from runtime.base.errors import UsageError
from runtime.base.failpoints import failpoint
from runtime.reconcile.snapshot import Snapshot

if TYPE_CHECKING:
    from runtime.context.cluster import Cluster

# Every data folder has it from its first start on.
VERSION_FILE = "PG_VERSION"


@dataclass(frozen=True)
class UnusedData:
    """A folder with data that Postgres does not use; `size` is in bytes."""

    folder: Path
    size: int


def find(cluster: Cluster, name: str) -> UnusedData:
    """Return the data of a version, or what an upgrade left, such as `17.failed`.

    Raises UsageError if there are none, or if they are in use.
    """
    service = servers.find(cluster)
    variables = Snapshot(cluster).desired.variables
    used = data_folder.folder(service, variables)
    known = sorted(each.name for each in used.parent.iterdir() if each != used and (each / VERSION_FILE).is_file())
    if name == used.name:
        raise UsageError(f"Postgres uses {used}; nothing was deleted.")
    if name not in known:
        others = f"It has: {', '.join(known)}." if known else "There is nothing to prune."
        raise UsageError(f"{used.parent} has no data named {name}. {others}")
    folder = used.with_name(name)
    return UnusedData(folder, _size(folder))


def remove(cluster: Cluster, name: str, timeout: float = 0.0) -> None:
    """Delete them. `timeout` is how long to wait for the lock, in seconds. Raises as `find`."""
    with files.lock(cluster.run.lock, timeout):
        folder = find(cluster, name).folder
        for each in folder.iterdir():
            # The file that identifies the folder goes last: if this is killed, the next run finds the rest.
            if each.name != VERSION_FILE:
                (files.remove_tree if each.is_dir() and not each.is_symlink() else files.remove)(each)
        failpoint("postgres-emptied")
        files.remove_tree(folder)


def _size(folder: Path) -> int:
    """Return the bytes of the files on the disk (stat(2), st_blocks)."""
    return sum(
        (Path(directory) / file).lstat().st_blocks * 512 for directory, _, names in os.walk(folder) for file in names
    )
