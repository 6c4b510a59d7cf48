"""Write what a plan of services says, get their images, start them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from installer import conf_repository, shipped
from installer.services import passwords, steps
from installer.services import plan as planning
from installer.services.plan import Plan
from runtime import application_files, documents, files, operations
from runtime.applications import BrokenApplication
from runtime.apply import Listener
from runtime.errors import ShoestringError
from runtime.operations import SILENT, Cluster, Report
from runtime.paths import Paths, Side

if TYPE_CHECKING:
    from installer.images import Progress

OWN_FILE_MODE = 0o644


@dataclass(frozen=True)
class Written:
    """What was written: new secrets that a person is told once; a sentence if there is no commit."""

    shown: tuple[tuple[str, str], ...] = ()
    note: str = ""


def references(wanted: Plan) -> Iterator[str]:
    """The images of the new services, as their files say them."""
    for file in wanted.files:
        document = documents.parse(Path(file.path), file.content.decode())
        application = application_files.parse(document, Side.INTERNAL)
        if isinstance(application, BrokenApplication):
            raise ShoestringError(f"This should not have happened: {application.problems[0]}")
        yield from (each.image for each in application.services if each.image)


def fetch(cluster: Cluster, wanted: Plan, show: Callable[[Progress], None]) -> None:
    """Get the images of the new services. Raises PullError or BuildError; then nothing has changed but images."""
    from installer import images

    needs = images.needed(cluster.client, cluster.settings.images.source, references(wanted))
    images.fetch(cluster.client, needs, show)


def write(paths: Paths, wanted: Plan, *, commit: bool = True) -> Written:
    """Write all that the plan says, the application files last: what is there before them is of no effect.

    Doing it again ends in the same place. The lock must be held. Raises ShoestringError.
    """
    if wanted.settings is None:
        return Written()
    if wanted.text is not None:
        target = paths.settings.resolve()
        files.write(target, wanted.text, target.stat().st_mode & 0o7777)
    made = {name: passwords.new() for name in wanted.secrets}
    passwords.add(paths, made)
    for folder in wanted.folders:
        files.make_directory(paths.data / folder.path, folder.mode, (folder.owner, folder.group))
    applications = [each for each in wanted.changes if each.path.parts[0].startswith("applications-")]
    for change in (each for each in wanted.changes if each not in applications):
        _write(paths, change)
    for service in wanted.services:
        steps.of(service.name).prepare(paths, wanted.settings)
    files.write(paths.conf / shipped.MANIFEST, shipped.manifest(wanted.shipped, planning.manifest(paths)))
    for change in applications:
        _write(paths, change)
    shown = tuple((name, made[name]) for each in wanted.services for name in each.shown if name in made)
    return Written(shown, _commit(paths, wanted) if commit else "")


def _write(paths: Paths, change: shipped.FileChange) -> None:
    target = paths.conf / change.path
    if not target.parent.is_dir():
        files.make_directory(target.parent)
    files.write(target, change.content, target.stat().st_mode & 0o7777 if target.exists() else OWN_FILE_MODE)


def _commit(paths: Paths, wanted: Plan) -> str:
    """Commit what was written, and nothing that a person has begun."""
    written = [each.path for each in wanted.changes]
    if wanted.text is not None:
        written.append(PurePosixPath(paths.settings.name))
    names = ", ".join(each.name for each in wanted.services)
    try:
        conf_repository.commit(paths.conf, (PurePosixPath(shipped.MANIFEST), *written), f"Service added: {names}")
    except ShoestringError as error:
        return f"The changes in {paths.conf} are made but not committed. Commit them with git. {error}"
    return ""


def start(cluster: Cluster, wanted: Plan, listener: Listener = SILENT, timeout: float = 0.0) -> Report:
    """Make everything run as the files say, then do what the services need besides. Raises ShoestringError."""
    report = operations.start(cluster, listener, timeout)
    failed = {each.application for each in report.failures}
    for service in wanted.services:
        if service.name not in failed and all(outcome.ok for outcome in report.outcomes):
            steps.of(service.name).ready(cluster)
    return report
