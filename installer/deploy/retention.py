"""Old images: the last ones of each application stay, older ones that a deploy brought go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from installer.applications.target import ApplicationService
from installer.deploy import history as histories
from installer.deploy.history import Deployment, DeploymentKind
from installer.images.lookup import find_local
from installer.images.progress import EngineRefusalError, engine_refusals
from runtime.base.errors import ShoestringError
from runtime.context.cluster import Cluster
from runtime.docker import images
from runtime.reconcile import desired

if TYPE_CHECKING:
    from docker import DockerClient

KEPT = 3


def recent(history: tuple[Deployment, ...]) -> tuple[str, ...]:
    """Return the last images of a history, each once, the newest first. Pure."""
    return tuple(dict.fromkeys(each.image for each in reversed(history)))[:KEPT]


def outdated(history: tuple[Deployment, ...]) -> tuple[str, ...]:
    """Return the images that came by a deploy and are not among the last. Pure.

    An image that came by a user's edit belongs to the user, and stays.
    """
    kept = {images.normalise(each) for each in recent(history)}
    deployed = dict.fromkeys(each.image for each in history if each.kind is DeploymentKind.DEPLOY)
    return tuple(each for each in deployed if images.normalise(each) not in kept and images.find(each) is None)


def remove_old(cluster: Cluster, changed: ApplicationService) -> tuple[str, ...]:
    """Remove the old images of a service that was just deployed. Returns their names.

    What another application may go back to stays. So does everything if the history cannot be read.
    """
    try:
        old = outdated(histories.read(cluster.paths, changed.application, changed.service))
        present = on_host(cluster.client, old)
        return remove(cluster.client, present, _wanted(cluster)) if present else ()
    except ShoestringError:
        return ()


def _wanted(cluster: Cluster) -> Iterator[str]:
    """Yield the images in all application files, and the last that each had."""
    for application in desired.read(cluster.settings, cluster.paths).applications:
        for service in application.services:
            if service.image:
                yield service.image
                yield from recent(histories.read(cluster.paths, application, service.name))


def on_host(client: DockerClient, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the images that the engine has."""
    return tuple(name for name in names if find_local(client, name))


def remove(client: DockerClient, names: Iterable[str], keep: Iterable[str]) -> tuple[str, ...]:
    """Remove images by name, but for those in `keep` and those that a container has, running or not.

    Returns the names that were removed. What the engine refuses to remove stays.
    """
    kept = {images.normalise(name) for name in keep}
    with engine_refusals():
        used = {str(each["ImageID"]) for each in client.api.containers(all=True)}
    return tuple(name for name in names if images.normalise(name) not in kept and _remove(client, name, used))


def _remove(client: DockerClient, name: str, used: set[str]) -> bool:
    try:
        with engine_refusals():
            if client.images.get(name).id in used:
                return False
            # Without pruning: untagged layers below it may belong to other images.
            client.images.remove(name, noprune=True)
    except EngineRefusalError:
        return False
    return True
