"""docker compose: builds its argv and its environment; nothing here starts a process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from runtime.base.errors import ShoestringError
from runtime.docker.projects import Project

BINARY = ("docker", "compose")
# Pulling a large image on a slow line takes its time.
UP_TIMEOUT_SECONDS = 1800.0
DOWN_TIMEOUT_SECONDS = 180.0
# All that Compose and Docker's client need of the caller's environment. Everything else in it could change what
# a file means, from one terminal to the next.
ENVIRONMENT = (
    "PATH",
    "HOME",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
)


class ComposeError(ShoestringError):
    """Compose could not apply a project. `reason` is the last line that it printed, `lines` are those before it."""

    def __init__(self, printed: tuple[str, ...]) -> None:
        last = printed[-1].strip() if printed else "it printed nothing"
        self.reason = f"Compose failed: {last}"
        self.lines = printed[:-1]
        super().__init__("\n".join((self.reason, *self.lines)))


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of Compose: the little of ours that it needs, and the variables of the files."""
    return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ} | dict(variables)


def version() -> tuple[str, ...]:
    """Print the version of Compose, and nothing else."""
    return (*BINARY, "version", "--short")


def check(project: Project) -> tuple[str, ...]:
    """Check a project's files; prints nothing if they are right."""
    return (*_project(project), "config", "--quiet")


def up(project: Project, recreate: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Create or update a project's containers as its files define them; containers that match already stay.

    With `recreate`, re-create the containers of these services, and touch no others.
    """
    argv = (*_project(project), "up", "--detach", "--remove-orphans", "--quiet-pull", "--no-build")
    return (*argv, "--force-recreate", "--no-deps", *recreate) if recreate else argv


def update(project: Project, services: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Re-create the containers of services, then start what does not run; the containers of other services stay.

    `up` alone re-creates all that depends on a changed service, and all services after an upgrade of Compose whose
    digest of a service (`com.docker.compose.config-hash`) differs from that of the version before.
    """
    keep = (*up(project), "--no-recreate")
    return (create(project, services), keep) if services else (keep,)


def create_more(project: Project, service: str, total: int) -> tuple[str, ...]:
    """Create containers of a service, not started, until there are `total`; those that are there stay as they are."""
    return (*_create(project), "--no-recreate", "--remove-orphans", "--scale", f"{service}={total}", service)


def create(project: Project, services: tuple[str, ...]) -> tuple[str, ...]:
    """Create the containers of services, re-created where they changed, without starting them."""
    return (*_create(project), *services)


def start_created(project: Project, service: str, total: int, others: tuple[str, ...]) -> tuple[str, ...]:
    """Start the containers of services that were created, and what they depend on, in the order of the file."""
    argv = (*_project(project), "up", "--detach", "--quiet-pull", "--no-build", "--no-recreate")
    return (*argv, "--scale", f"{service}={total}", service, *others)


def up_service(name: str, file: Path, directory: Path, service: str) -> tuple[str, ...]:
    """Start a service of a file next to a project's running containers; its relative paths are from `directory`."""
    where = ("--project-name", name, "--project-directory", str(directory), "--env-file", "/dev/null")
    options = ("--detach", "--no-deps", "--no-build", "--quiet-pull", "--force-recreate")
    return (*BINARY, *where, "--progress", "plain", "--file", str(file), "up", *options, service)


def _create(project: Project) -> tuple[str, ...]:
    return (*_project(project), "up", "--no-start", "--no-deps", "--quiet-pull", "--no-build")


def down(name: str) -> tuple[str, ...]:
    """Stop and remove a project's containers and its own networks, by its name alone. Its volumes stay."""
    return (*BINARY, "--project-name", name, "down", "--remove-orphans")


def _project(project: Project) -> tuple[str, ...]:
    files = (part for file in project.files for part in ("--file", str(file)))
    # Variables come from secrets.yaml; a `.env` that lies about would change what a file means.
    return (*BINARY, "--project-name", project.name, "--env-file", "/dev/null", "--progress", "plain", *files)
