"""The plan: the ordered changes from observed to desired. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runtime.base.errors import ShoestringError
from runtime.config.applications import Application
from runtime.config.settings import SEPARATOR
from runtime.context.change import Plan, Sign
from runtime.context.results import Blocked, Code
from runtime.core.changes import InstallHostsFile
from runtime.core.dns import SERVICE as DNS
from runtime.docker.observed import ENDED, Container, Observed
from runtime.docker.projects import CORE, Project, ProjectService
from runtime.proxy.changes import InstallProxy
from runtime.proxy.container import service_name
from runtime.reconcile.changes import (
    CreateNetwork,
    RemoveDuplicateNetworks,
    RemoveNetwork,
    RemoveProject,
    RestartContainer,
)
from runtime.reconcile.desired import Desired
from runtime.rollout.apply_project import ApplyProject

# States of the engine. Compose starts stopped containers, but no paused ones and none that Docker keeps restarting.
TO_APPLY = ("created", "exited", "dead", "removing")
TO_RESTART = ("restarting", "paused", ENDED)


def plan_core(
    desired: Desired, observed: Observed, proxies: tuple[InstallProxy, ...], dns: InstallHostsFile | None
) -> ApplyProject | None:
    """Return the change of the core; None if it is what it should be.

    A container whose mounted directory was removed sees nothing that is written there: it is made again.
    """
    lost = frozenset(service_name(each.side) for each in proxies if each.difference.lost)
    if dns and dns.lost:
        lost |= {DNS}
    return _project_change(desired.core, observed, lost)


def plan_applications(desired: Desired, observed: Observed) -> Iterator[ApplyProject]:
    """Yield the change of each application whose containers are not what its file says."""
    by_name = {each.name: each for each in desired.applications}
    for project in desired.projects:
        change = _project_change(project, observed, application=by_name.get(project.application))
        if change:
            yield change


def plan_stop(observed: Observed, instance: str) -> Plan:
    """Return the changes after which nothing of ours runs: applications, core, then the networks that are ours."""
    projects = {each.application: each.project for each in observed.containers}
    names = [*observed.applications, *([CORE] if CORE in projects else [])]
    # Compose leaves the network of a project none of whose containers could be made.
    left = [
        each
        for each in observed.networks
        if each.project.startswith(f"{instance}{SEPARATOR}") and each.project not in projects.values()
    ]
    ours = [each for each in observed.networks if each.instance == instance]
    return (
        *(RemoveProject(name, projects[name], "stop") for name in names),
        *(RemoveNetwork(each.name, each.id) for each in (*left, *ours)),
    )


def plan_networks(desired: Desired, observed: Observed) -> Iterator[CreateNetwork | RemoveDuplicateNetworks]:
    for name in desired.networks:
        found = [network for network in observed.networks if network.name == name]
        if not found:
            yield CreateNetwork(name)
        elif any(network.instance != desired.settings.instance for network in found):
            raise ShoestringError(
                f"The Docker network {name} exists and is not Shoestring's. Remove it (docker network rm {name}), or "
                "choose another instance in the settings."
            )
        elif len(found) > 1:
            yield RemoveDuplicateNetworks(name)


def _project_change(
    project: Project,
    observed: Observed,
    lost: frozenset[str] = frozenset(),
    application: Application | None = None,
) -> ApplyProject | None:
    containers = observed.of(project.application)
    if not containers:
        if not project.services:
            return None  # All its services are behind profiles: nothing to run.
        side = f"{project.side}, " if project.side else ""
        return ApplyProject(project, Sign.NEW, f"new, {side}{', '.join(_images(project))}", application=application)
    differences = [each for service in project.services for each in _differences(service, containers)]
    differences += [
        _Difference(each.service, f"{each.service}: its bind-mounted directory was deleted", altered=True)
        for each in containers
        if each.service in lost
    ]
    known = {service.name for service in project.services}
    differences += [
        _Difference(each.service, f"{each.service} removed", changed=True)
        for each in containers
        if each.service not in known
    ]
    if not differences:
        return None
    services = tuple(dict.fromkeys(each.service for each in differences if each.service in known))
    followers = _followers(project, frozenset(each.service for each in differences if each.recreated))
    about = [each.about for each in differences]
    about += [f"{name} re-created with it" for name in followers if name not in services]
    return ApplyProject(
        project,
        Sign.CHANGED,
        "; ".join(dict.fromkeys(about)),
        changed=any(each.changed for each in differences),
        recreate=tuple(dict.fromkeys(each.service for each in differences if each.altered)),
        services=services,
        followers=tuple(name for name in followers if name not in services),
        application=application,
    )


def _followers(project: Project, recreated: frozenset[str]) -> tuple[str, ...]:
    """Return the services whose containers have to be re-created with those of others."""
    found: dict[str, None] = {}
    while more := [
        each.name
        for each in project.services
        if each.name not in found and not recreated.union(found).isdisjoint(each.follows)
    ]:
        found |= dict.fromkeys(more)
    return tuple(found)


@dataclass(frozen=True)
class _Difference:
    """One reason to apply a project; with `altered` Compose would take the service for right."""

    service: str
    about: str
    changed: bool = False
    altered: bool = False
    missing: bool = False

    @property
    def recreated(self) -> bool:
        """Return whether the service gets another container."""
        return self.changed or self.altered or self.missing


def _images(project: Project) -> list[str]:
    return list(dict.fromkeys(service.image or "built image" for service in project.services))


def _differences(service: ProjectService, containers: tuple[Container, ...]) -> Iterator[_Difference]:
    """Yield why a service has to be applied again."""
    mine = [each for each in containers if each.service == service.name]
    if len(mine) != service.replicas:
        few = f"{service.name} missing" if not mine else f"{service.name} {len(mine)} of {service.replicas}"
        yield _Difference(service.name, few, missing=not mine)
    for container in mine:
        if container.definition != service.definition:
            other = service.image and container.image != service.image
            about = f"image {container.image} → {service.image}" if other else f"{service.name} changed"
            yield _Difference(service.name, about, changed=True)
        elif container.state in TO_APPLY and not _completed(service, container):
            yield _Difference(service.name, f"{service.name} {container.state}")
        elif container.running and not set(service.networks) <= set(container.networks):
            yield _Difference(service.name, f"{service.name} taken off its network", altered=True)


def plan_restarts(desired: Desired, observed: Observed) -> Iterator[RestartContainer]:
    """Yield the restart of each container that is as its file says, but hangs or is unhealthy."""
    for project in (desired.core, *desired.projects):
        yield from _restarts(project, observed)


def _restarts(project: Project, observed: Observed) -> Iterator[RestartContainer]:
    """Yield the restart of containers that are unhealthy, in a crash loop or paused, but running for Compose.

    Those of a service that is applied anyway are left out.
    """
    services = {service.name: service for service in project.services}
    for container in observed.of(project.application):
        service = services.get(container.service)
        if service is None or container.definition != service.definition or _completed(service, container):
            continue
        if container.state in TO_RESTART:
            yield RestartContainer(project, container, f"{container.service} {container.state}")
        elif container.running and container.health == "unhealthy":
            yield RestartContainer(project, container, f"{container.service} unhealthy")


def _completed(service: ProjectService, container: Container) -> bool:
    """Return whether it is a task that ended well, such as a migration: it is not started again."""
    return service.task and container.state in ("exited", ENDED) and container.exit_code == 0


def plan_removals(desired: Desired, observed: Observed) -> Iterator[RemoveProject]:
    emptied = _emptied_sides(desired, observed)
    for name in _without_file(desired, observed):
        container = observed.of(name)[0]
        if container.side not in emptied:
            switched_on = container.side in desired.settings.sides
            about = "file removed; its containers are removed" if switched_on else f"the {container.side} side is off"
            yield RemoveProject(name, container.project, about)


def blocked_removals(desired: Desired, observed: Observed) -> tuple[Blocked, ...]:
    """Return the sides whose applications are not removed although their files are.

    When several files vanish at once and none is left, that is treated as a mistake: nothing is removed.
    """
    return tuple(
        Blocked(
            Code.ALL_FILES_REMOVED,
            side,
            f"All application files of the {side} side are missing while {', '.join(names)} run; nothing was "
            "removed.",
            "Put the files back, or remove each with: docker compose --project-name "
            f"{desired.settings.project('NAME')} down",
        )
        for side, names in _emptied_sides(desired, observed).items()
    )


def _without_file(desired: Desired, observed: Observed) -> tuple[str, ...]:
    defined = {project.application for project in desired.projects} | {each.name for each in desired.broken}
    return tuple(name for name in observed.applications if name not in defined)


def _emptied_sides(desired: Desired, observed: Observed) -> dict[str, list[str]]:
    """Return the sides that are on, have no file left, and had more than one application."""
    with_files = {str(each.side) for each in desired.applications} | {str(each.side) for each in desired.broken}
    found: dict[str, list[str]] = {}
    for name in _without_file(desired, observed):
        side = observed.of(name)[0].side
        if side in desired.settings.sides and side not in with_files:
            found.setdefault(side, []).append(name)
    return {side: names for side, names in found.items() if len(names) > 1}
