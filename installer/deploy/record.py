"""Deploys in the history of conf/: a commit each, of the application's file alone."""

from __future__ import annotations

from installer.applications.commit import commit_file, commit_user_edit
from installer.applications.image_edit import set_image
from installer.data_directory import conf_repository
from installer.deploy import history
from installer.deploy.job import DeployJob
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths


def job(paths: Paths, made: DeployJob) -> str:
    """Commit a deploy. Returns a sentence if that cannot be done."""
    target = made.target
    return commit_file(paths.conf, target.file, history.message(made.kind, target.name, target.image, made.image))


def unfinished(paths: Paths, made: DeployJob) -> str:
    """Commit the uncommitted changes of a file that has the desired image already.

    A deploy that was killed before its commit leaves them; if only this image differs, it is recorded as a deploy.
    Returns a sentence if that cannot be done.
    """
    target = made.target
    file = str(target.file.relative_to(paths.conf))
    try:
        committed = conf_repository.ask(paths.conf, "cat-file", "blob", f"HEAD:{file}")
        before = history.image_in(committed, target.service)
        edited = set_image(target.file, committed, target.service, made.image)
    except ShoestringError:
        return commit_user_edit(paths.conf, target.file, target.name)
    # Git's answer comes with plain line endings.
    if not before or before == made.image or edited != target.text.replace("\r\n", "\n"):
        return commit_user_edit(paths.conf, target.file, target.name)
    return commit_file(paths.conf, target.file, history.message(made.kind, target.name, before, made.image))
