"""The change that applies a project's files to its containers: by a rollout where possible, else by Compose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from runtime.base import command, files
from runtime.base.errors import ShoestringError
from runtime.config.applications import PROXIED_SERVICE, Application
from runtime.context.change import ApplyContext, ChangeDescription, Sign
from runtime.context.project_change import ProjectChange
from runtime.docker import compose
from runtime.docker.compose import ComposeError
from runtime.docker.images import LOCAL_REPOSITORY
from runtime.docker.projects import Project
from runtime.proxy import install

if TYPE_CHECKING:
    from runtime.rollout.context import RolloutContext


@dataclass(frozen=True)
class ApplyProject(ProjectChange):
    """A project's containers differ from its files.

    `changed`: the files define something else than before; False where only a container is missing or has ended.
    `recreate` are services whose containers were altered by hand, which Compose would not see. `services` are all
    that differ, `followers` those that have to be re-created with one of them. `application` is that of a proxied
    project, as its rollout needs it.
    """

    action: Sign
    reason: str
    changed: bool = True
    recreate: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    followers: tuple[str, ...] = ()
    application: Application | None = None
    kind = "apply"

    def describe(self) -> ChangeDescription:
        """Return what differs, service by service."""
        return ChangeDescription(self.action, self.project.application, self.reason)

    def apply(self, context: ApplyContext) -> str:
        """Roll out the new version start-first where that is possible, else have Compose apply the project."""
        from runtime.rollout import start_first

        project = self.project
        files.make_directory(project.generated.file.parent)
        files.write(project.generated.file, project.generated.content)
        if self.recreate:
            _compose(project, context, compose.up(project, recreate=self.recreate))
        site = self._site(context)
        if site and start_first.is_possible(site):
            others = tuple(name for name in self.services if name != PROXIED_SERVICE)
            start_first.roll(site, others, context.report)
            return f"{self.reason}, no request lost"
        if site and self.action is not Sign.NEW:
            start_first.enable_all_slots(site)
        for argv in self._commands():
            _compose(project, context, argv)
        return ""

    def _commands(self) -> tuple[tuple[str, ...], ...]:
        """Return the commands of Compose that change nothing but the services that differ."""
        if self.action is Sign.NEW:
            return (compose.up(self.project),)
        return compose.update(self.project, (*self.services, *self.followers))

    def _site(self, context: ApplyContext) -> RolloutContext | None:
        if self.application is None:
            return None
        from runtime.rollout.context import RolloutContext

        cluster, side = context.cluster, self.application.side
        return RolloutContext(
            cluster.client,
            cluster.run.master_socket(side),
            partial(_compose, self.project, context),
            self.project,
            self.application,
            install.text(cluster.paths, side),
            _secrets(context),
        )

    @property
    def is_repair(self) -> bool:
        """Return whether no file has changed."""
        return not self.changed


def _secrets(context: ApplyContext) -> tuple[str, ...]:
    return tuple(value for name, value in context.variables.items() if name != "DATA_BASE_PATH")


def _compose(project: Project, context: ApplyContext, argv: tuple[str, ...]) -> None:
    """Run Compose for a project. Raises ShoestringError with its last lines, without the values of secrets."""
    variables = context.variables
    result = command.run(
        argv,
        environment=compose.environment(variables),
        clear_env=True,
        timeout=compose.UP_TIMEOUT_SECONDS,
        secrets=_secrets(context),
    )
    if not result.ok:
        raise _failure(project, context, result)


def _failure(project: Project, context: ApplyContext, result: command.Result) -> ShoestringError:
    client = context.cluster.client
    local = [each.image for each in project.services if each.image.startswith(f"{LOCAL_REPOSITORY}/")]
    missing = [image for image in local if not client.images.list(name=image)]
    if missing:
        return ShoestringError(f"The local image {missing[0]} is not on this host. Build it: shoestring images build")
    return ComposeError(tuple(result.tail().splitlines()))
