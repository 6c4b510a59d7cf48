"""Deploys in the history of conf/: a commit each, of the application's file alone."""

from __future__ import annotations

from pathlib import PurePosixPath

from installer.data_directory import conf_repository
from installer.deploy import history
from installer.deploy.history import Kind
from installer.deploy.image_edit import set_image
from installer.deploy.target import Job, Target
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths


def person_edit(paths: Paths, target: Target) -> str:
    """Commit what a person has changed in the file and not committed: the deploy's own commit is only its own then.

    Returns a sentence if that cannot be done; then the deploy is not to be committed either.
    """
    return _commit(paths, target, f"{Kind.EDIT} {target.name}: changed by hand")


def job(paths: Paths, made: Job) -> str:
    """Commit a deploy. Returns a sentence if that cannot be done."""
    return _commit(paths, made.target, history.message(made.kind, made.target.name, made.target.image, made.image))


def unfinished(paths: Paths, made: Job) -> str:
    """Commit what a file that has the wanted image already is not committed with.

    A deploy that was killed before its commit leaves that; if nothing but this image differs, it is recorded as one.
    Returns a sentence if that cannot be done.
    """
    target = made.target
    file = str(target.file.relative_to(paths.conf))
    try:
        committed = conf_repository.ask(paths.conf, "show", f"HEAD:{file}")
        before = history.image_in(committed, target.service)
        edited = set_image(target.file, committed, target.service, made.image)
    except ShoestringError:
        return person_edit(paths, target)
    # Git's answer comes with plain line endings.
    if not before or before == made.image or edited != target.text.replace("\r\n", "\n"):
        return person_edit(paths, target)
    return _commit(paths, target, history.message(made.kind, target.name, before, made.image))


def _commit(paths: Paths, target: Target, message: str) -> str:
    file = PurePosixPath(target.file.relative_to(paths.conf))
    return conf_repository.commit_or_explain(paths.conf, (file,), message)
