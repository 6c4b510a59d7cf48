"""Which image an application had when: read from the history of its file in conf/, the only record there is."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from installer.data_directory import conf_repository
from runtime.base import command, yaml_documents
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.base.yaml_documents import DocumentError
from runtime.config.applications import Application

# One line a commit that has the file in it (added, modified, another type): its id, its time in seconds since 1970,
# its subject.
LOG = ("log", "--format=%H %ct %s", "--diff-filter=AMT", "--no-renames")


class DeploymentKind(StrEnum):
    """The way an image came into the file."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    EDIT = "edit"


@dataclass(frozen=True)
class Commit:
    """A commit that has the application's file in it. `when` is in UTC."""

    id: str
    when: datetime.datetime
    subject: str


@dataclass(frozen=True)
class Deployment:
    """An image that came into force. `number` counts from 1, the oldest."""

    number: int
    when: datetime.datetime
    image: str
    kind: DeploymentKind


def message(kind: DeploymentKind, application: str, before: str, image: str) -> str:
    """Return what a deploy or rollback is called in the history; `deployments` knows it by that again."""
    return f"{kind} {application}: {before} -> {image}"


def read(paths: Paths, application: Application, service: str) -> tuple[Deployment, ...]:
    """Return the images that a service of an application had, the oldest first, each time that it changed.

    Raises ShoestringError if conf/ has no history, or git cannot read it.
    """
    require(paths.conf)
    file = application.file.relative_to(paths.conf)
    if not conf_repository.has_commits(paths.conf):
        return ()
    commits = parse_log(conf_repository.ask(paths.conf, *LOG, "--", str(file)))
    texts = _texts(paths.conf, PurePosixPath(file), commits)
    return deployments(application.name, service, zip(commits, texts, strict=True))


def require(conf: Path) -> None:
    """Raise ShoestringError with what to do if there is no history to read."""
    if not command.exists("git"):
        raise ShoestringError(
            "The history of deployments is in git, which is not installed. Install it: apt install git"
        )
    if not conf_repository.exists(conf):
        raise ShoestringError(
            f"{conf} is not a git repository, so there is no history of deployments. "
            "Make it one: sudo shoestring setup"
        )


def parse_log(out: str) -> tuple[Commit, ...]:
    """Read what git prints for LOG; the oldest comes first."""
    found = []
    for line in out.splitlines():
        id_, seconds, subject = (*line.split(" ", 2), "")[:3]
        found.append(Commit(id_, datetime.datetime.fromtimestamp(int(seconds), datetime.UTC), subject))
    return tuple(reversed(found))


def deployments(application: str, service: str, versions: Iterable[tuple[Commit, str]]) -> tuple[Deployment, ...]:
    """Return the changes of a service's image among the versions of its file, the oldest first. Pure.

    Versions that cannot be read, or have no such image, are passed over.
    """
    found: list[Deployment] = []
    for commit, text in versions:
        image = image_in(text, service)
        if image and (not found or found[-1].image != image):
            found.append(Deployment(len(found) + 1, commit.when, image, _kind(commit.subject, application, image)))
    return tuple(found)


def image_in(text: str, service: str) -> str:
    """Return the image of a service in an application file; empty if it has none, or cannot be read."""
    try:
        value = yaml_documents.parse(Path("application.yaml"), text).value
    except DocumentError:
        return ""
    for key in ("services", service, "image"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _kind(subject: str, application: str, image: str) -> DeploymentKind:
    for kind in (DeploymentKind.DEPLOY, DeploymentKind.ROLLBACK):
        if subject.startswith(f"{kind} {application}: ") and subject.endswith(f" -> {image}"):
            return kind
    return DeploymentKind.EDIT


def _texts(conf: Path, file: PurePosixPath, commits: tuple[Commit, ...]) -> Iterator[str]:
    """Yield the file as it was in each commit, from one git."""
    if not commits:
        return iter(())
    # A word that no file has in it separates the answers.
    separator = secrets.token_hex(16)
    asked = "".join(f"{commit.id}:{file}\n" for commit in commits)
    answer = conf_repository.ask(conf, "cat-file", f"--batch={separator}", stdin=asked)
    return iter(part.removeprefix("\n") for part in answer.split(separator)[1:])


def before(history: tuple[Deployment, ...], image: str) -> Deployment | None:
    """Return the version to go back to from an image: the last other one before it came. Pure.

    After a rollback that is the one before the version which it went back to, so that two rollbacks go two
    versions back.
    """
    present = next((each for each in reversed(history) if each.image == image), None)
    if present is None:
        return history[-1] if history else None
    origin = present
    if present.kind is DeploymentKind.ROLLBACK:
        earlier = (each for each in reversed(history[: present.number - 1]) if each.image == image)
        origin = next((each for each in earlier if each.kind is not DeploymentKind.ROLLBACK), present)
    return next((each for each in reversed(history[: origin.number - 1]) if each.image != image), None)
