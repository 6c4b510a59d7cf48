"""Add services as planned: get their images, write their files, start them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from installer.data_directory import conf_repository, manifest, secrets_file, templates
from installer.services import service_files
from installer.services.plan import ServicePlan
from installer.services.service import Service
from runtime.base import files
from runtime.base.paths import Paths
from runtime.context.change import SILENT, Listener
from runtime.context.cluster import Cluster
from runtime.context.results import Advisory, Code, Report
from runtime.reconcile import operations

if TYPE_CHECKING:
    from installer.images import FetchedImage, Progress

OWN_FILE_MODE = 0o644


@dataclass(frozen=True)
class WrittenServices:
    """The result of a write: new secrets that are shown once; a sentence if the files are not committed."""

    shown: tuple[tuple[str, str], ...] = ()
    note: str = ""


@dataclass(frozen=True)
class StartedServices:
    """The result of a start; `failed` are names of services that do not run, and so are not ready for use."""

    report: Report
    failed: tuple[str, ...] = ()


def fetch(cluster: Cluster, planned: ServicePlan, show: Callable[[Progress], None]) -> tuple[FetchedImage, ...]:
    """Get the images of the new services. Raises PullError or BuildError; then nothing else has changed."""
    from installer import images

    needs = images.needed(cluster.client, cluster.settings.images.source, service_files.images(planned.files))
    return images.fetch(cluster.client, needs, show)


def write(paths: Paths, planned: ServicePlan, *, commit: bool = True) -> WrittenServices:
    """Write everything that is planned, the application files last: all else has no effect without them.

    It may be repeated with the same result. The lock must be held. Raises ShoestringError.
    """
    if planned.settings is None:
        return WrittenServices()
    if planned.text is not None:
        target = paths.settings.resolve()
        files.write(target, planned.text, target.stat().st_mode & 0o7777)
    made = {name: secrets_file.new_password() for name in planned.secrets}
    secrets_file.add(paths, made)
    for folder in planned.folders:
        files.make_directory(paths.data / folder.path, folder.mode, (folder.owner, folder.group))
    applications = [each for each in planned.changes if each.path.parts[0].startswith("applications-")]
    for change in (each for each in planned.changes if each not in applications):
        _write(paths, change)
    for service in planned.services:
        service.prepare(paths, planned.settings)
    manifest.write(paths.conf, manifest.render(planned.templates, manifest.load(paths.conf)))
    for change in applications:
        _write(paths, change)
    shown = tuple((name, made[name]) for each in planned.services for name in each.shown if name in made)
    return WrittenServices(shown, _commit(paths, planned) if commit else "")


def _write(paths: Paths, change: templates.FileChange) -> None:
    target = paths.conf / change.path
    if not target.parent.is_dir():
        files.make_directory(target.parent)
    files.write(target, change.content, target.stat().st_mode & 0o7777 if target.exists() else OWN_FILE_MODE)


def _commit(paths: Paths, planned: ServicePlan) -> str:
    """Commit the written files, and nothing else that the user changed."""
    written = [each.path for each in planned.changes]
    if planned.text is not None:
        written.append(PurePosixPath(paths.settings.name))
    names = ", ".join(each.name for each in planned.new or planned.services)
    message = f"Service {'added' if planned.new else 'updated'}: {names}"
    return conf_repository.commit_or_explain(paths.conf, (*manifest.FILES, *written), message)


def start(
    cluster: Cluster, planned: ServicePlan, listener: Listener = SILENT, timeout: float = 0.0
) -> StartedServices:
    """Start everything as in the files, then run the services' own steps. Raises ShoestringError."""
    return ready(cluster, planned.services, operations.start(cluster, listener, timeout))


def ready(cluster: Cluster, services: Iterable[Service], report: Report) -> StartedServices:
    """Run the steps that services need in their running containers. Their sentences go into the report."""
    failed = {each.subject for each in report.failures}
    failed |= {each.change.name for each in report.outcomes if not each.ok}
    failed |= {each.file.stem for each in report.problems}
    planned = tuple(services)
    notes = [(each, each.ready(cluster)) for each in planned if each.name not in failed]
    said = tuple(Advisory(Code.SERVICE, each.name, note) for each, note in notes if note)
    not_ready = tuple(each.name for each in planned if each.name in failed)
    return StartedServices(replace(report, warnings=(*report.warnings, *said)), not_ready)
