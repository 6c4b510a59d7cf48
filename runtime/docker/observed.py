"""The observed state of the engine: one listing of containers and one of networks."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runtime.base.constants import (
    LABEL_APPLICATION,
    LABEL_DEFINITION,
    LABEL_INSTANCE,
    LABEL_PROJECT,
    LABEL_SERVICE,
    LABEL_SIDE,
)
from runtime.docker.projects import CORE

if TYPE_CHECKING:
    from docker import DockerClient

# `Up 3 minutes (healthy)`, `Exited (137) 2 hours ago`: the listing has health and exit code nowhere else.
_HEALTH = re.compile(r"\((healthy|unhealthy|health: starting)\)")
# bridge driver options of Docker, `driver_opts` in Compose.
_BRIDGE_NAME = "com.docker.network.bridge.name"
_EXIT_CODE = re.compile(r"^Exited \((\d+)\)")
# Not a state of the engine: the listing has it as running, and its inspection as ended.
ENDED = "ended"


@dataclass(frozen=True)
class Container:
    """A container of ours. `state` is the engine's word, or ENDED; `health` is empty without a health check.

    `networks` and `network_ids` are in the same order. `started` is when it was started (RFC 3339), if that was asked
    for and it runs.
    """

    id: str
    name: str
    project: str
    service: str
    application: str
    side: str
    definition: str
    image: str
    state: str
    health: str
    exit_code: int | None
    status: str
    networks: tuple[str, ...] = ()
    started: str = ""
    network_ids: tuple[str, ...] = ()

    @property
    def joined(self) -> tuple[tuple[str, str], ...]:
        """Return pairs of the name and the id of each network that it is on."""
        return tuple(zip(self.networks, self.network_ids, strict=True))

    @property
    def running(self) -> bool:
        """Return whether its process runs."""
        return self.state == "running"


@dataclass(frozen=True)
class Network:
    """A network of the engine. `instance` is empty where it is not Shoestring's, `project` where not Compose's."""

    id: str
    name: str
    instance: str
    project: str = ""


@dataclass(frozen=True)
class Observed:
    """The state that the engine reports."""

    containers: tuple[Container, ...]
    networks: tuple[Network, ...]

    def of(self, application: str) -> tuple[Container, ...]:
        """Return the containers of an application, or of the core."""
        return self._by_application.get(application, ())

    @cached_property
    def _by_application(self) -> dict[str, tuple[Container, ...]]:
        found: dict[str, list[Container]] = {}
        for each in self.containers:
            found.setdefault(each.application, []).append(each)
        return {name: tuple(containers) for name, containers in found.items()}

    @property
    def applications(self) -> tuple[str, ...]:
        """Return the names of all applications that have a container, without the core."""
        return tuple(sorted({each.application for each in self.containers} - {CORE}))


def observe(client: DockerClient, instance: str, expected: tuple[str, ...] = ()) -> Observed:
    """Ask the engine.

    Where containers of ours are on all `expected` networks, these are there and ours, and the networks are not
    listed: with many applications that listing costs more than all else.
    """
    listed = client.api.containers(all=True, filters={"label": [f"{LABEL_INSTANCE}={instance}"]})
    containers = parse_containers(listed)
    joined = dict(pair for each in containers if each.running for pair in each.joined)
    if expected and joined.keys() >= set(expected):
        return Observed(containers, tuple(Network(joined[name], name, instance) for name in expected))
    return Observed(containers, parse_networks(client.api.networks()))


def bridges(client: DockerClient) -> dict[str, str]:
    """Return the bridge names that are set for any networks of the engine, by the ids of these networks."""
    return parse_bridges(client.api.networks(filters={"driver": "bridge"}))


def inspect_running(client: DockerClient, observed: Observed) -> Observed:
    """Return the same, with what each container listed as running reports itself: its start time, or that it ended.

    The engine lists the last state of a container that it could write down (Moby, `error checkpointing container
    state`): after a full disk, a container that ended meanwhile is listed as running until it is started again.
    """
    from docker.errors import NotFound

    found = []
    for each in observed.containers:
        # A container that was removed since the listing is missing.
        with contextlib.suppress(NotFound):
            found.append(_with_state(each, client.api.inspect_container(each.id)["State"]) if each.running else each)
    return Observed(tuple(found), observed.networks)


def _with_state(container: Container, state: Mapping[str, Any]) -> Container:
    if state["Running"] or state["Restarting"]:
        return replace(container, started=str(state["StartedAt"]))
    return replace(container, state=ENDED, health="", exit_code=int(state["ExitCode"]))


def parse_containers(listed: Sequence[Mapping[str, Any]]) -> tuple[Container, ...]:
    """Read the answer of `GET /containers/json` (Engine API 1.41 and later)."""
    return tuple(sorted((_container(each) for each in listed), key=lambda each: each.name))


def _container(entry: Mapping[str, Any]) -> Container:
    labels: Mapping[str, str] = entry.get("Labels") or {}
    status = str(entry.get("Status", ""))
    health = _HEALTH.search(status)
    exit_code = _EXIT_CODE.match(status)
    joined = sorted(((entry.get("NetworkSettings") or {}).get("Networks") or {}).items())
    return Container(
        id=entry["Id"],
        name=str((entry.get("Names") or [entry["Id"]])[0]).removeprefix("/"),
        project=labels.get(LABEL_PROJECT, ""),
        service=labels.get(LABEL_SERVICE, ""),
        application=labels.get(LABEL_APPLICATION, ""),
        side=labels.get(LABEL_SIDE, ""),
        definition=labels.get(LABEL_DEFINITION, ""),
        image=str(entry.get("Image", "")),
        state=str(entry.get("State", "")),
        health=health[1].removeprefix("health: ") if health else "",
        exit_code=int(exit_code[1]) if exit_code else None,
        status=status,
        networks=tuple(name for name, _ in joined),
        network_ids=tuple(str((network or {}).get("NetworkID") or "") for _, network in joined),
    )


def parse_networks(listed: Sequence[Mapping[str, Any]]) -> tuple[Network, ...]:
    """Read the answer of `GET /networks`."""
    return tuple(_network(each, each.get("Labels") or {}) for each in listed)


def parse_bridges(listed: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the bridge names in the answer of `GET /networks`; most networks have none, and a name by their id."""
    return {
        str(each["Id"]): str(each["Options"][_BRIDGE_NAME])
        for each in listed
        if _BRIDGE_NAME in (each.get("Options") or {})
    }


def _network(entry: Mapping[str, Any], labels: Mapping[str, str]) -> Network:
    return Network(entry["Id"], entry["Name"], labels.get(LABEL_INSTANCE, ""), labels.get(LABEL_PROJECT, ""))
