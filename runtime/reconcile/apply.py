"""Applies a plan: one change after the other, each reported. An application that fails harms no other."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.base import command, files
from runtime.base.constants import LABEL_INSTANCE
from runtime.base.errors import DEBUG_VARIABLE, ShoestringError, explain
from runtime.base.failpoints import failpoint
from runtime.base.paths import Side
from runtime.config.applications import PROXIED_SERVICE
from runtime.docker import compose
from runtime.docker.images import LOCAL_REPOSITORY
from runtime.docker.projects import CORE, Project
from runtime.firewall import table
from runtime.reconcile.changes import (
    NEW,
    ApplyProject,
    ArchiveCertificate,
    CertificateChange,
    Change,
    CreateNetwork,
    InstallFirewall,
    InstallNames,
    InstallProxy,
    IssueCertificate,
    LoadCertificates,
    Plan,
    RemoveNetwork,
    RemoveProject,
    RestartContainer,
)

if TYPE_CHECKING:
    from docker import DockerClient

    from runtime.rollout.site import Site
    from runtime.rollout.start_first import Step


# Docker's own default for `stop_grace_period`.
STOP_SECONDS = 10


@dataclass(frozen=True)
class Outcome:
    """What became of one change. `error` is empty if it worked; `detail` may say more about what was done."""

    change: Change
    seconds: float
    detail: str = ""
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether it worked."""
        return not self.error


@dataclass(frozen=True)
class Tools:
    """What applying needs of the world.

    `install_proxy` takes a side and whether to load it in any case, and returns what it did, as a part of a
    sentence. `site` takes a project and what runs an argv of Compose's for it, and returns where its rollouts happen,
    if it is proxied. `certificate` makes one change of certificates.
    """

    client: DockerClient
    instance: str
    variables: Mapping[str, str]
    install_proxy: Callable[[Side, bool], str]
    site: Callable[[Project, Callable[[tuple[str, ...]], None]], Site | None]
    certificate: Callable[[CertificateChange], str]


class Listener:
    """Hears of each change when it begins and when it is done; this one is silent."""

    def waiting(self, holder: str) -> None:
        """Another command holds the lock."""

    def begin(self, change: Change) -> None:
        """A change begins; it may take a while."""

    def step(self, change: Change, step: Step) -> None:
        """A step of a change is done, or has failed."""

    def done(self, outcome: Outcome) -> None:
        """A change is done, or has failed."""


def apply(plan: Plan, tools: Tools, listener: Listener) -> tuple[Outcome, ...]:
    """Make the changes of a plan, in its order.

    Where a network or the core fails, what needs it is not tried.
    """
    outcomes = []
    for outcome in _apply(plan, tools, listener):
        outcomes.append(outcome)
        listener.done(outcome)
    return tuple(outcomes)


def _apply(plan: Plan, tools: Tools, listener: Listener) -> Iterator[Outcome]:
    for number, change in enumerate(plan):
        failpoint(f"change-{number}")
        listener.begin(change)
        started = time.monotonic()
        detail = error = ""
        try:
            detail = _one(change, tools, listener)
        except Exception as failure:
            # Whatever it is, it is this change's alone.
            if DEBUG_VARIABLE in os.environ:
                raise
            error = explain(failure)[0]
        yield Outcome(change, time.monotonic() - started, detail, error)
        if error and (isinstance(change, CreateNetwork) or change.name == CORE):
            return


def _one(change: Change, tools: Tools, listener: Listener) -> str:
    match change:
        case CreateNetwork():
            _create_network(tools, change.name)
        case InstallProxy():
            return tools.install_proxy(change.side, change.force)
        case InstallNames():
            files.make_directory(change.file.parent)
            files.write(change.file, change.content)
        case InstallFirewall():
            table.install(change.file, change.content, change.table)
        case ApplyProject():
            return _apply_project(change, tools, listener)
        case RestartContainer():
            _restart(tools, change)
        case RemoveProject():
            argv = compose.down(change.project)
            command.check(argv, environment=environment({}), clear_env=True, timeout=compose.DOWN_TIMEOUT_SECONDS)
        case RemoveNetwork():
            return _remove_network(tools, change)
        case IssueCertificate() | LoadCertificates() | ArchiveCertificate():
            return tools.certificate(change)
    return ""


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The whole environment that Compose gets: the little it needs of ours, and the variables of the files."""
    return {name: os.environ[name] for name in compose.ENVIRONMENT if name in os.environ} | dict(variables)


def _apply_project(change: ApplyProject, tools: Tools, listener: Listener) -> str:
    """Roll a new version out beside the old one where that is possible, else have Compose bring the project up."""
    from runtime.rollout import start_first

    project = change.project
    files.make_directory(project.generated.file.parent)
    files.write(project.generated.file, project.generated.content)

    def run(argv: tuple[str, ...]) -> None:
        _compose(argv, project, tools)

    if change.recreate:
        run(compose.up(project, recreate=change.recreate))
    site = tools.site(project, run)
    if site and start_first.possible(site):
        others = tuple(name for name in change.services if name != PROXIED_SERVICE)
        start_first.roll(site, others, lambda step: listener.step(change, step))
        return f"{change.about}, no request lost"
    if site and change.sign != NEW:
        start_first.open_places(site)
    run(compose.up(project))
    return ""


def _compose(argv: tuple[str, ...], project: Project, tools: Tools) -> None:
    result = command.run(
        argv,
        environment=environment(tools.variables),
        clear_env=True,
        timeout=compose.UP_TIMEOUT_SECONDS,
        secrets=tuple(value for name, value in tools.variables.items() if name != "DATA_BASE_PATH"),
    )
    if not result.ok:
        raise _failure(project, result, tools)


def _failure(project: Project, result: command.Result, tools: Tools) -> ShoestringError:
    missing = [image for image in _local_images(project) if not tools.client.images.list(name=image)]
    if missing:
        return ShoestringError(f"The local image {missing[0]} is not on this host. Build it: shoestring images build")
    lines = result.tail().splitlines() or ["it said nothing"]
    return ShoestringError(f"{project.application}: Compose failed: {lines[-1].strip()}\n" + "\n".join(lines[:-1]))


def _local_images(project: Project) -> list[str]:
    return [each.image for each in project.services if each.image.startswith(f"{LOCAL_REPOSITORY}/")]


def _restart(tools: Tools, change: RestartContainer) -> None:
    from docker.errors import DockerException

    try:
        inspected = tools.client.api.inspect_container(change.container.id)
        tools.client.api.restart(change.container.id, timeout=inspected["Config"].get("StopTimeout") or STOP_SECONDS)
    except DockerException as error:
        raise ShoestringError(f"Docker cannot restart {change.container.name}: {error}") from error


def _create_network(tools: Tools, name: str) -> None:
    from docker.errors import DockerException

    try:
        tools.client.networks.create(
            name, driver="bridge", check_duplicate=True, labels={LABEL_INSTANCE: tools.instance}
        )
    except DockerException as error:
        raise ShoestringError(f"Docker cannot create the network {name}: {error}") from error


def _remove_network(tools: Tools, change: RemoveNetwork) -> str:
    """Remove a network unless something else has joined it; that stays, and is told."""
    from docker.errors import DockerException, NotFound

    try:
        network = tools.client.networks.get(change.id)
        network.reload()
        joined = sorted(container.name or "" for container in network.containers)
        if joined:
            return f"kept; {', '.join(joined)} still uses it"
        network.remove()
    except NotFound:
        return ""
    except DockerException as error:
        raise ShoestringError(f"Docker cannot remove the network {change.name}: {error}") from error
    return ""
