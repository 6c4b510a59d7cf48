"""Remove services. Data, configuration and passwords stay, unless they are purged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from installer.applications.commit import commit_file, commit_user_edit
from installer.data_directory import conf_repository, secrets_file
from installer.services import catalogue
from installer.services.catalogue import Catalogue
from installer.services.service import Service
from installer.services.status import leftovers
from runtime.base import files
from runtime.base.errors import ShoestringError, UsageError
from runtime.base.paths import Paths, Side
from runtime.config import secrets
from runtime.config.application_files import load_side
from runtime.config.applications import Application
from runtime.context.change import SILENT, Listener
from runtime.context.cluster import Cluster
from runtime.context.results import Report
from runtime.docker.observed import observe
from runtime.reconcile import operations


@dataclass(frozen=True)
class ServiceRemoval:
    """The parts to remove: of those `named`, the `services` whose application file exists, in this order.

    With `purge` folders and secrets are deleted too. `kept` are folders that stay, `used` secrets that other
    applications use.
    """

    services: tuple[Service, ...]
    named: tuple[Service, ...] = ()
    purge: bool = False
    folders: tuple[Path, ...] = ()
    secrets: tuple[str, ...] = ()
    kept: tuple[Path, ...] = ()
    used: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to do."""
        return not (self.services or self.folders or self.secrets)


def plan(paths: Paths, known: Catalogue, names: Iterable[str], *, purge: bool) -> ServiceRemoval:
    """Return what a removal would do. Raises UsageError for a service that another one needs."""
    removal = {name: catalogue.find(known, name) for name in names}
    present = catalogue.present(known, paths)
    needing = [each for each in present if each.name not in removal and set(each.needs) & set(removal)]
    if needing:
        raise UsageError(f"{needing[0].title} needs it. Remove {needing[0].name} too, or first.")
    kept = tuple(folder for each in removal.values() for folder in leftovers(paths, each))
    services = tuple(each for each in reversed(present) if each.name in removal)
    named = tuple(removal.values())
    if not purge:
        return ServiceRemoval(services, named, kept=kept)
    values = secrets.load(paths.secrets)
    own_secrets = tuple(name for each in removal.values() for name in each.secrets if name in values)
    used = tuple(name for name in own_secrets if name in _used_by_others(paths, values, removal))
    return ServiceRemoval(
        services, named, True, kept, tuple(name for name in own_secrets if name not in used), (), used
    )


def _used_by_others(paths: Paths, values: dict[str, str], but: Iterable[str]) -> set[str]:
    """Return the secrets that other applications use. A broken file counts as using all of them."""
    found: set[str] = set()
    for side in Side:
        for each in load_side(paths.applications(side), side):
            if side is Side.INTERNAL and each.name in but:
                continue
            found |= set(each.compose.used_secrets(values)) if isinstance(each, Application) else set(values)
    return found


@dataclass(frozen=True)
class RemovedServices:
    """The result of a removal: `report` of the last start (None without one), `notes` on failed commits."""

    report: Report | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Return whether everything that was started runs."""
        return self.report is None or self.report.ok


def carry_out(
    cluster: Cluster, removal: ServiceRemoval, listener: Listener = SILENT, timeout: float = 0.0
) -> RemovedServices:
    """Remove the services, their containers first; with a purge their folders and secrets too.

    One after the other: files that disappear all at once are taken for a mistake. Raises ShoestringError; run again,
    it continues where it ended.
    """
    paths, report, notes = cluster.paths, None, []
    for service in removal.services:
        with files.lock(cluster.run.lock, timeout, listener.waiting):
            notes.append(_remove_file(paths, service))
        # A cluster that the user stopped stays stopped: then there are no containers either.
        if not cluster.run.stopped.exists():
            report = operations.start(cluster, listener, timeout)
        _require_removed(cluster, service)
    # Also of those that were removed before: that run may have been killed before this step.
    for service in removal.named:
        service.remove_traces(paths, cluster.settings)
    if removal.purge:
        for service in removal.named:
            _require_removed(cluster, service)
        with files.lock(cluster.run.lock, timeout, listener.waiting):
            notes += _purge(paths, removal)
    return RemovedServices(report, tuple(dict.fromkeys(note for note in notes if note)))


def _remove_file(paths: Paths, service: Service) -> str:
    """Remove the application file; a change of the user's in it is committed first. Return why nothing is committed.

    Raises ShoestringError if a repository refuses that first commit: then the file stays.
    """
    file = catalogue.application_file(paths, service.name)
    refused = commit_user_edit(paths.conf, file, service.name)
    if refused and conf_repository.exists(paths.conf):
        raise ShoestringError(f"{service.title} was not removed. {refused}")
    files.remove(file)
    return commit_file(paths.conf, file, f"Service removed: {service.name}")


def _require_removed(cluster: Cluster, service: Service) -> None:
    remaining = observe(cluster.client, cluster.settings.instance).of(service.name)
    if remaining:
        raise ShoestringError(
            f"The application file of {service.title} was removed, but its container {remaining[0].name} still "
            "exists. Run shoestring start, then this again."
        )


def _purge(paths: Paths, removal: ServiceRemoval) -> list[str]:
    """Remove folders and secrets, and the folders from the repository. Return why one is not committed."""
    notes = []
    for folder in removal.folders:
        files.remove_tree(folder)
    secrets_file.remove(paths, removal.secrets)
    for service in removal.named if conf_repository.exists(paths.conf) else ():
        tracked = conf_repository.ask(paths.conf, "ls-files", "-z", "--", service.name).split("\0")
        names = tuple(PurePosixPath(name) for name in tracked if name)
        notes.append(conf_repository.commit_or_explain(paths.conf, names, f"Removed for good: {service.name}"))
    return notes
