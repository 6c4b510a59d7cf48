"""The plan: the ordered changes from observed to desired. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.config.settings import SEPARATOR
from runtime.core.dns import SERVICE as RESOLVER
from runtime.docker.observed import ENDED, Container, Observed
from runtime.docker.projects import CORE, Project, ProjectService
from runtime.proxy.container import service_name
from runtime.reconcile.changes import (
    CHANGED,
    NEW,
    ApplyProject,
    CreateNetwork,
    InstallNames,
    InstallProxy,
    Plan,
    RemoveNetwork,
    RemoveProject,
    RestartContainer,
)
from runtime.reconcile.desired import Desired

# The engine's words. Compose starts what does not run; what Docker starts again and again, or holds, it leaves.
TO_APPLY = ("created", "exited", "dead", "removing")
TO_RESTART = ("restarting", "paused", ENDED)


@dataclass(frozen=True)
class ProxyDifference:
    """What differs between a proxy's rendered configuration and the one in force; empty `about`: nothing.

    `inputs` is a digest of what the configuration is made from. `lost`: the directory that the proxy's container has
    mounted was removed, so that it sees nothing that is written there anew.
    """

    side: Side
    about: str
    inputs: str = ""
    lost: bool = False


def plan_start(
    desired: Desired, observed: Observed, proxies: tuple[ProxyDifference, ...], names: InstallNames | None = None
) -> Plan:
    """The changes that make everything run as the files say. `names` is the change to what VPN clients are told.

    Raises ShoestringError if a network of ours has the name of someone else's.
    """
    lost = frozenset(service_name(each.side) for each in proxies if each.lost)
    if names and names.lost:
        lost |= {RESOLVER}
    core = _project_change(desired.core, observed, lost)
    applications = [_project_change(project, observed) for project in desired.projects]
    installs = [InstallProxy(each.side, each.about, inputs=each.inputs) for each in proxies if each.about]
    return (
        *_networks(desired, observed),
        *([names] if names else ()),
        # Before the core starts it needs its configuration; while it runs, it gets new host names once their
        # applications are there.
        *(installs if core else ()),
        *([core] if core else ()),
        *(change for change in applications if change),
        *(restart for project in (desired.core, *desired.projects) for restart in _restarts(project, observed)),
        *(() if core else installs),
        *_removals(desired, observed),
    )


def plan_stop(observed: Observed, instance: str) -> Plan:
    """The changes after which nothing of ours runs: applications, core, then the networks that are ours."""
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


def _networks(desired: Desired, observed: Observed) -> Iterator[CreateNetwork]:
    there = {network.name: network for network in observed.networks}
    for name in desired.networks:
        network = there.get(name)
        if network is None:
            yield CreateNetwork(name)
        elif network.instance != desired.settings.instance:
            raise ShoestringError(
                f"The Docker network {name} exists and is not Shoestring's. Remove it (docker network rm {name}), or "
                "choose another instance in the settings."
            )


def _project_change(project: Project, observed: Observed, lost: frozenset[str] = frozenset()) -> ApplyProject | None:
    containers = observed.of(project.application)
    if not containers:
        if not project.services:
            return None  # All its services are behind profiles: nothing to run.
        side = f"{project.side}, " if project.side else ""
        return ApplyProject(project, NEW, f"new, {side}{', '.join(_images(project))}")
    differences = [each for service in project.services for each in _differences(service, containers)]
    differences += [
        _Difference(each.service, f"{each.service} lost its files", altered=True)
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
    return ApplyProject(
        project,
        CHANGED,
        "; ".join(dict.fromkeys(each.about for each in differences)),
        changed=any(each.changed for each in differences),
        recreate=tuple(dict.fromkeys(each.service for each in differences if each.altered)),
        services=tuple(dict.fromkeys(each.service for each in differences if each.service in known)),
    )


@dataclass(frozen=True)
class _Difference:
    """One reason to apply a project; with `altered` Compose would take the service for right."""

    service: str
    about: str
    changed: bool = False
    altered: bool = False


def _images(project: Project) -> list[str]:
    return list(dict.fromkeys(service.image or "built image" for service in project.services))


def _differences(service: ProjectService, containers: tuple[Container, ...]) -> Iterator[_Difference]:
    """Why a service has to be applied again."""
    mine = [each for each in containers if each.service == service.name]
    if len(mine) != service.replicas:
        few = f"{service.name} missing" if not mine else f"{service.name} {len(mine)} of {service.replicas}"
        yield _Difference(service.name, few)
    for container in mine:
        if container.definition != service.definition:
            other = service.image and container.image != service.image
            about = f"image {container.image} → {service.image}" if other else f"{service.name} changed"
            yield _Difference(service.name, about, changed=True)
        elif container.state in TO_APPLY and not _completed(service, container):
            yield _Difference(service.name, f"{service.name} {container.state}")
        elif container.running and not set(service.networks) <= set(container.networks):
            yield _Difference(service.name, f"{service.name} taken off its network", altered=True)


def _restarts(project: Project, observed: Observed) -> Iterator[RestartContainer]:
    """Containers that are unhealthy, in a crash loop, or paused, or that Compose too takes for running.

    What is applied anyway is left out.
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
    """A task that ended well, such as a migration, is not started again."""
    return service.task and container.state in ("exited", ENDED) and container.exit_code == 0


def _removals(desired: Desired, observed: Observed) -> Iterator[RemoveProject]:
    emptied = _emptied_sides(desired, observed)
    for name in _without_file(desired, observed):
        container = observed.of(name)[0]
        if container.side not in emptied:
            switched_on = container.side in desired.settings.sides
            about = "file removed; its containers go" if switched_on else f"the {container.side} side is off"
            yield RemoveProject(name, container.project, about)


def refused_removals(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """Sentences about applications that stay although their files are gone.

    When several files vanish at once and none is left, that is a mistake, not a wish: nothing is removed.
    """
    return tuple(
        f"All application files of the {side} side are gone while {', '.join(names)} run; nothing was removed. "
        "Put the files back, or remove each with: docker compose --project-name "
        f"{desired.settings.project('NAME')} down"
        for side, names in _emptied_sides(desired, observed).items()
    )


def _without_file(desired: Desired, observed: Observed) -> tuple[str, ...]:
    kept = {project.application for project in desired.projects} | {each.name for each in desired.broken}
    return tuple(name for name in observed.applications if name not in kept)


def _emptied_sides(desired: Desired, observed: Observed) -> dict[str, list[str]]:
    """The sides that are on, have no file any more, and had more than one application."""
    with_files = {str(each.side) for each in desired.applications} | {str(each.side) for each in desired.broken}
    found: dict[str, list[str]] = {}
    for name in _without_file(desired, observed):
        side = observed.of(name)[0].side
        if side in desired.settings.sides and side not in with_files:
            found.setdefault(side, []).append(name)
    return {side: names for side, names in found.items() if len(names) > 1}
