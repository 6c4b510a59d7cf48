"""Makers of what deploys read: applications, jobs and histories."""

from __future__ import annotations

from datetime import UTC, datetime

from installer.applications.target import ApplicationService, find
from installer.deploy.history import Commit, Deployment, DeploymentKind, deployments, message
from installer.deploy.job import DeployJob
from tests.support.builders.runtime import application, broken, desired, web

MORE = "  data:\n    image: data:1\n  built:\n    build: .\n"
WANTED = desired(
    application("blog", web("a.com", image="ghost:5", more=MORE)),
    application("job", "services: {only: {image: 'job:1'}}"),
    application("two", "services: {a: {image: a}, b: {image: b}}"),
    broken("bad", "services: 7\n"),
)


def job(image: str = "ghost:6") -> DeployJob:
    return DeployJob(find(WANTED, "blog"), image, DeploymentKind.DEPLOY, "shoestring deploy blog 6")


def past(target: ApplicationService, *images: str) -> tuple[Deployment, ...]:
    when = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
    return tuple(Deployment(number, when, image, DeploymentKind.EDIT) for number, image in enumerate(images, 1))


def history(*steps: tuple[DeploymentKind, str] | str) -> tuple[Deployment, ...]:
    """Return a history through the code that reads one; a plain text is a file that the user edited."""
    versions = []
    last = ""
    for number, step in enumerate(steps):
        kind, image = (DeploymentKind.EDIT, step) if isinstance(step, str) else step
        subject = "by hand" if kind is DeploymentKind.EDIT else message(kind, "blog", last, image)
        when = datetime.fromtimestamp(number, UTC)
        text = f"services: {{application: {{image: {image}}}}}" if not image.startswith("!") else image
        versions.append((Commit(str(number), when, subject), text))
        last = image
    return deployments("blog", "application", versions)


def deployed(image: str) -> tuple[DeploymentKind, str]:
    return (DeploymentKind.DEPLOY, image)


def rolled_back(image: str) -> tuple[DeploymentKind, str]:
    return (DeploymentKind.ROLLBACK, image)
