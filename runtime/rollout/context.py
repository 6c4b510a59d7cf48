"""The context of a rollout: the containers of one application's proxied service, and their slots in the proxy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.base import printed
from runtime.base.errors import ShoestringError
from runtime.config.applications import PROXIED_SERVICE, Application
from runtime.docker.engine import stop_seconds
from runtime.docker.observed import Container, parse_containers
from runtime.docker.projects import Project, ProjectService
from runtime.proxy import slots, states
from runtime.proxy.slots import Admission, Slot

if TYPE_CHECKING:
    from docker import DockerClient

POLL_SECONDS = 0.1
# How long Docker's DNS and the proxy may take to forget a container that has stopped; 1 to 3 s were seen.
FORGET_SECONDS = 15.0
_ALIVE = ("running", "restarting", "paused")


@dataclass(frozen=True)
class Replicas:
    """The containers of the service: `new` match the file, `old` are to be removed. `stopped` do not run.

    `created` are new ones that were never started.
    """

    new: tuple[Container, ...]
    old: tuple[Container, ...]
    created: tuple[Container, ...]
    stopped: tuple[Container, ...]

    @property
    def count(self) -> int:
        """Return how many there are in all."""
        return len(self.new) + len(self.old) + len(self.created) + len(self.stopped)


@dataclass(frozen=True)
class RolloutContext:
    """The inputs of a rollout. `master` is the socket of the application's proxy.

    `compose` runs an argv of Compose's and raises ShoestringError if it fails; `configuration` is the text of that
    proxy's active configuration. The values in `secrets` are masked in what containers print.
    """

    client: DockerClient
    master: Path
    compose: Callable[[tuple[str, ...]], None]
    project: Project
    application: Application
    configuration: str = ""
    secrets: tuple[str, ...] = ()

    @property
    def service(self) -> ProjectService:
        """Return the proxied service as it should run; one with no replicas if the file has none."""
        absent = ProjectService(PROXIED_SERVICE, "", "", replicas=0)
        return next((each for each in self.project.services if each.name == PROXIED_SERVICE), absent)

    @property
    def ports(self) -> dict[str, int]:
        """Return the backends of the proxied service in the proxy's configuration, each with the container's port."""
        web = {each.name: each.port for each in self.application.backends if each.service == PROXIED_SERVICE}
        return web | {states.tcp_name(each.port): each.container_port for each in self.application.tcp_ports}

    @property
    def backends(self) -> tuple[str, ...]:
        """Return the names of the backends of the proxied service."""
        return tuple(self.ports)

    def replicas(self) -> Replicas:
        """Return the containers of the service now."""
        service = self.service
        labels = [f"com.docker.compose.project={self.project.name}", f"com.docker.compose.service={service.name}"]
        with docker_errors():
            listed = self.client.api.containers(
                all=True, filters={"label": [*labels, "com.docker.compose.oneoff=False"]}
            )
        found = parse_containers(listed)
        alive = [each for each in found if each.state in _ALIVE]
        fresh = [each for each in alive if each.definition == service.definition]
        if len(fresh) > service.replicas:
            # Slots that get requests stay.
            fresh.sort(key=lambda each: not self.serves(each))
        new = tuple(fresh[: service.replicas])
        created = tuple(each for each in found if each.state == "created" and each.definition == service.definition)
        created = created[: service.replicas - len(new)]
        return Replicas(
            new,
            tuple(each for each in alive if each not in new),
            created,
            tuple(each for each in found if each not in alive and each not in created),
        )

    def inspect(self, container: Container) -> dict[str, Any]:
        """Return all that Docker knows of a container; empty if it was removed."""
        from docker.errors import NotFound

        with docker_errors():
            try:
                return dict(self.client.api.inspect_container(container.id))
            except NotFound:
                return {}

    def addresses(self, *containers: Container) -> frozenset[str]:
        """Return the addresses of containers on all their networks."""
        networks = [self.inspect(each).get("NetworkSettings", {}).get("Networks") or {} for each in containers]
        return frozenset(each["IPAddress"] for found in networks for each in found.values() if each["IPAddress"])

    def slots(self) -> tuple[Slot, ...]:
        """Return the slots of the service's backends in the running proxy."""
        return slots.read(self.master, self.backends)

    def serves(self, container: Container) -> bool:
        """Return whether a container gets requests in each of its backends that the proxy knows."""
        seen = self.slots()
        addresses = self.addresses(container)
        serving = {each.backend for each in seen if each.address in addresses and each.serves and each.passed}
        return bool(seen) and serving == {each.backend for each in seen}

    def set_state(self, which: Callable[[Slot], bool], admission: Admission) -> None:
        """Set the state of the server slots that `which` selects."""
        slots.set_state(self.master, self.backends, which, admission)

    def sessions(self, addresses: frozenset[str]) -> int:
        """Return how many requests and connections the containers with these addresses serve."""
        return slots.sessions(self.master, self.backends, addresses)

    def drain(self, addresses: frozenset[str]) -> int:
        """Give containers no new requests, and wait for those that they have, at most the drain timeout.

        Returns how many there were.
        """
        self.set_state(lambda slot: slot.address in addresses, Admission.DRAIN)
        count = self.sessions(addresses)
        wait(lambda: not self.sessions(addresses), self.application.rollout.drain_timeout)
        return count

    def stop(self, *containers: Container) -> None:
        """Stop containers, and wait until the proxy has no slot with them any more."""
        addresses = self.addresses(*containers)
        for each in containers:
            grace = stop_seconds(self.inspect(each))
            with docker_errors(missing_is_fine=True):
                self.client.api.stop(each.id, timeout=grace)
        # A slot that is opened while it still has their address would get requests that no container answers.
        wait(lambda: all(each.address not in addresses or each.down for each in self.slots()), FORGET_SECONDS)

    def remove(self, *containers: Container, volumes: bool = False) -> None:
        """Remove containers that do not run; with `volumes` also those that have no name."""
        for each in containers:
            with docker_errors(missing_is_fine=True):
                self.client.api.remove_container(each.id, force=True, v=volumes)

    def logs(self, container: Container, lines: int) -> tuple[str, ...]:
        """Return the last lines that a container printed."""
        with docker_errors():
            return printed.lines(self.client.api.logs(container.id, tail=lines), self.secrets)


@contextmanager
def docker_errors(*, missing_is_fine: bool = False) -> Iterator[None]:
    """Turn the errors of Docker's SDK into ShoestringErrors."""
    from docker.errors import APIError, DockerException, NotFound

    try:
        yield
    except NotFound as error:
        if not missing_is_fine:
            raise ShoestringError(f"A container was removed: {error.explanation}") from error
    except (DockerException, OSError) as error:
        # Someone else removes it at this moment.
        removing = isinstance(error, APIError) and error.status_code == 409 and "already in progress" in str(error)
        if missing_is_fine and removing:
            return
        raise ShoestringError(
            f"Docker failed: {str(error).splitlines()[0]}. Is it running? Try: docker info"
        ) from error


def wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so; False if it is not within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
