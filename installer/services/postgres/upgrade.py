"""Upgrade Postgres to another major version: dump, restore, compare, and only then edit the application file.

The old server is not stopped before that, only disconnected from its networks, so that no client writes to it: there
are never two servers on one folder, whenever this process is killed. If it is killed before the file is written, the
next run of the watchdog connects the old container to its networks again, and removes the new one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from installer.applications.commit import commit_file, commit_user_edit
from installer.applications.trial import ApplyAttempt, attempt
from installer.services.postgres import inventory, restore_marker, transfer
from installer.services.postgres import server as servers
from installer.services.postgres import upgrade_job as jobs
from installer.services.postgres.server import PostgresServer
from installer.services.postgres.target_server import TargetServer, removed
from installer.services.postgres.upgrade_job import UpgradeJob
from runtime.base import files
from runtime.base.constants import MEGABYTE
from runtime.base.errors import ShoestringError
from runtime.base.failpoints import failpoint
from runtime.context.change import SILENT
from runtime.reconcile.snapshot import Snapshot

if TYPE_CHECKING:
    from runtime.context.cluster import Cluster

SHOWN_DIFFERENCES = 10
_END_SESSIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();
"""


class UpgradeProgress(Protocol):
    """Reports the steps of an upgrade."""

    def passing(self, name: str, about: str) -> None:
        """Report the current step."""

    def done(self, name: str, about: str = "") -> None:
        """Report a step that is done."""


@dataclass(frozen=True)
class UpgradeResult:
    """The result of an upgrade. `error` says why the new version does not run with the data; then the old one does,
    unless `back` has the reason why not. `notes` are sentences for the user."""

    job: UpgradeJob
    tables: int
    rows: int
    seconds: float
    notes: tuple[str, ...] = ()
    error: str = ""
    lines: tuple[str, ...] = ()
    back: str = ""

    @property
    def ok(self) -> bool:
        """Return whether the new version runs."""
        return not self.error


@dataclass(frozen=True)
class _Restored:
    """The restored data: the number of tables and rows, and sentences for the user."""

    tables: int
    rows: int
    notes: tuple[str, ...]


def upgrade(cluster: Cluster, job: UpgradeJob, progress: UpgradeProgress, timeout: float = 0.0) -> UpgradeResult:
    """Carry out an upgrade. The new image must be on this host.

    `timeout` is how long to wait for the lock, in seconds; it is held all the time, against the watchdog.
    Raises ShoestringError if the old version continues with all its data.
    """
    started, conf, file = time.monotonic(), cluster.paths.conf, job.data.service.file
    jobs.check_image(job, cluster.settings.images.source)
    with files.lock(cluster.run.lock, timeout):
        if servers.find(cluster).text != job.data.service.text:
            raise ShoestringError(f"{file} has changed meanwhile; nothing was done: {job.again}")
        _clear_folder(job)
        failpoint("postgres-begun")
        # First, so that the upgrade's own commit has nothing else in it.
        refused = commit_user_edit(conf, file, job.data.service.name)
        try:
            restored = _restore_all(cluster, job, progress)
            _write(job, job.edited)
        except KeyboardInterrupt:
            raise ShoestringError(f"Interrupted. {_serve_old(cluster, job)}") from None
        except ShoestringError as error:
            raise ShoestringError(f"{error}\n{_serve_old(cluster, job)}") from error
        failpoint("postgres-edited")
        trial = _apply(cluster, job, progress)
        if trial.error:
            return _roll_back(cluster, job, restored, trial, started)
        failpoint("postgres-applied")
        notes = (*restored.notes, *trial.notes, refused or _commit(cluster, job), _old_data_note(job))
        seconds = time.monotonic() - started
        return UpgradeResult(job, restored.tables, restored.rows, seconds, tuple(each for each in notes if each))


def _clear_folder(job: UpgradeJob) -> None:
    """Delete restored data that no server has used. Raises ShoestringError if the new folder has others."""
    files.remove_tree(job.unfinished)
    if not job.folder.exists() or not any(job.folder.iterdir()):
        return
    if restore_marker.matches(job.folder):
        files.remove_tree(job.folder)
        return
    raise ShoestringError(
        f"{job.folder} already has data, from an earlier time; nothing was changed. If you do not need them: "
        f"{job.prune_command(job.folder.name)}"
    )


def _restore_all(cluster: Cluster, job: UpgradeJob, progress: UpgradeProgress) -> _Restored:
    """Restore the data to their new folder; the file still has the old version."""
    old = servers.running(cluster, job.data.service)
    variables = Snapshot(cluster).desired.variables
    with removed(TargetServer(cluster, job.data, job.unfinished, job.image, variables)) as target:
        progress.passing("isolation", "disconnecting Postgres from its networks")
        _isolate(cluster, old)
        failpoint("postgres-apart")
        progress.passing("new server", job.image)
        new = target.start()
        failpoint("postgres-started")
        _restore_databases(old, new, job, progress)
        failpoint("postgres-restored")
        progress.passing("compared", "counting rows")
        tables, rows = _compare(old, new)
        progress.done("compared", f"{tables} tables, {rows} rows")
        failpoint("postgres-compared")
        progress.passing("statistics", "so that queries are fast from the start")
        transfer.analyze(new)
        notes = transfer.not_copied(old, new)
        progress.passing("new server", "writing everything to the disk")
        target.stop()
        failpoint("postgres-stopped")
    restore_marker.write(job.unfinished)
    if job.folder.exists():
        files.remove_tree(job.folder)
    files.publish_directory(job.unfinished, job.folder)
    failpoint("postgres-moved")
    return _Restored(tables, rows, notes)


def _isolate(cluster: Cluster, old: PostgresServer) -> None:
    """Disconnect the old server from all networks, and end its sessions."""
    container = cluster.client.api.inspect_container(old.container)
    for network in container["NetworkSettings"]["Networks"]:
        cluster.client.api.disconnect_container_from_network(container["Id"], network, force=True)
    old.ask(_END_SESSIONS)


def _restore_databases(old: PostgresServer, new: PostgresServer, job: UpgradeJob, progress: UpgradeProgress) -> None:
    progress.passing("roles", "")
    transfer.copy_roles(old, new)
    progress.done("roles")
    for number, name in enumerate(job.databases, 1):
        place = f"{number} of {len(job.databases)}"

        def show(count: int, name: str = name, place: str = place) -> None:
            progress.passing("restore", f"{name}  {place}  {count // MEGABYTE} MB")

        show(0)
        transfer.copy_database(old, new, name, show)
        failpoint(f"postgres-database-{number}")
        progress.done("restored", f"{name}  {place}")


def _compare(old: PostgresServer, new: PostgresServer) -> tuple[int, int]:
    """Count both. Return the number of tables and rows. Raises ShoestringError if anything differs."""
    before, after = inventory.collect(old), inventory.collect(new)
    wrong = inventory.differences(before, after)
    if wrong:
        shown = "\n".join(f"  {each}" for each in wrong[:SHOWN_DIFFERENCES])
        more = f"\n  and {len(wrong) - SHOWN_DIFFERENCES} more" if len(wrong) > SHOWN_DIFFERENCES else ""
        raise ShoestringError(f"The new version does not have what the old one has:\n{shown}{more}")
    return inventory.rows(after)


def _serve_old(cluster: Cluster, job: UpgradeJob) -> str:
    """Start serving the old version again. Return a sentence."""
    service = job.data.service
    try:
        files.remove_tree(job.unfinished)
        error = attempt(cluster, service.name, service.service, SILENT).error
    except ShoestringError as failure:
        error = str(failure)
    if error:
        return f"Version {job.before} has all its data, but does not serve yet: {error} Try: shoestring start"
    return f"Version {job.before} serves as before, with all its data."


def _apply(cluster: Cluster, job: UpgradeJob, progress: UpgradeProgress) -> ApplyAttempt:
    """Apply the file with the new version. From here on the new data count, unless the version does not serve."""
    progress.passing("waiting", f"until version {job.after} serves")
    try:
        trial = attempt(cluster, job.data.service.name, job.data.service.service, SILENT)
    except KeyboardInterrupt:
        raise ShoestringError(
            f"Interrupted. All data are in version {job.after}, and so is the file. Continue with: shoestring start"
        ) from None
    if not trial.error:
        progress.done("serves", job.image)
    return trial


def _commit(cluster: Cluster, job: UpgradeJob) -> str:
    """Commit the file. Return a sentence if that cannot be done."""
    message = f"Postgres: from version {job.before} to {job.after}"
    return commit_file(cluster.paths.conf, job.data.service.file, message)


def _old_data_note(job: UpgradeJob) -> str:
    old = job.data.folder
    command = job.prune_command(old.name)
    return f"The data of version {job.before} stay in {old}. Delete them when everything works: {command}"


def _roll_back(
    cluster: Cluster, job: UpgradeJob, restored: _Restored, trial: ApplyAttempt, started: float
) -> UpgradeResult:
    """Go back to the old version, and keep the new data in another folder: clients may have written to them."""
    service = job.data.service
    _write(job, service.text)
    failpoint("postgres-undone")
    back = attempt(cluster, service.name, service.service, SILENT)
    files.remove_tree(job.failed)
    files.publish_directory(job.folder, job.failed)
    kept = f"The data that the new version wrote are in {job.failed}; they may be deleted."
    seconds = time.monotonic() - started
    return UpgradeResult(job, restored.tables, restored.rows, seconds, (kept,), trial.error, trial.lines, back.error)


def _write(job: UpgradeJob, text: str) -> None:
    file = job.data.service.file
    files.write(file, text, file.stat().st_mode & 0o7777)
