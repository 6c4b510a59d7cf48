"""Whether the new containers of a rollout are healthy, and why not."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.base import printed
from runtime.base.errors import ShoestringError
from runtime.config.applications import PROXIED_SERVICE, Application
from runtime.docker.observed import Container
from runtime.proxy.slots import Admission, Slot
from runtime.rollout.context import POLL_SECONDS, RolloutContext, docker_errors

# How long old and new serve side by side. A version that answers its check and then falls over does so soon.
WATCH_SECONDS = 10.0
# How long a new container has to be seen healthy before it is in rotation: the proxy checks each second, so in that
# time it checks again after the first successful check.
STEADY_SECONDS = 1.5
_OUTPUT_LENGTH = 200


class UnhealthyError(ShoestringError):
    """A new container is not healthy; the message is the end of a sentence. `container` is the one.

    `output` is what its own check printed.
    """

    def __init__(self, cause: str, container: Container, output: str = "") -> None:
        self.container = container
        self.cause = cause
        super().__init__(f"{cause}: {output}" if output else cause)

    @property
    def sentence(self) -> str:
        """Return the message without the output of the check."""
        return self.cause


@dataclass(frozen=True)
class _HealthGap:
    """What a container lacks to be healthy, and what its own check printed."""

    cause: str
    output: str = ""


@dataclass(frozen=True)
class NewReplica:
    """A new container. `restarts` is how often it had been restarted before this rollout first inspected it."""

    container: Container
    restarts: int
    addresses: frozenset[str]


def watch_seconds(application: Application) -> float:
    """Return how long old and new serve side by side before the old one is removed."""
    return application.rollout.watch_time or WATCH_SECONDS


def new_replica(site: RolloutContext, container: Container, *, started_now: bool) -> NewReplica:
    """Inspect a container for the first time."""
    restarts = 0 if started_now else int(site.inspect(container).get("RestartCount", 0))
    return NewReplica(container, restarts, site.addresses(container))


def is_in_rotation(site: RolloutContext, container: Container) -> bool:
    """Return whether a container that another rollout started is healthy and gets requests.

    It may get them without being healthy: a proxy that was restarted does not know which slots were closed.
    """
    try:
        return site.serves(container) and not _missing(
            site, new_replica(site, container, started_now=False), site.slots()
        )
    except UnhealthyError:
        return False


def health_probe(application: Application) -> str:
    """Return what decides that a new container is healthy, such as `GET /health`."""
    paths = [each.health_check for each in application.backends if each.service == PROXIED_SERVICE]
    if any(paths):
        return f"GET {next(path for path in paths if path)}"
    ports = [each.port for each in application.backends if each.service == PROXIED_SERVICE]
    ports += [each.container_port for each in application.tcp_ports]
    return f"port {', '.join(map(str, dict.fromkeys(ports)))}"


def wait_until_healthy(site: RolloutContext, new_replicas: tuple[NewReplica, ...], *, closed: bool) -> None:
    """Wait until all are healthy, at most the health timeout; if `closed`, none of them may get a request until then.

    One successful check is not enough while the old version serves. Raises UnhealthyError, at once if a container
    exits.
    """
    timeout = site.application.rollout.health_timeout
    deadline = time.monotonic() + timeout
    steady = STEADY_SECONDS if closed else 0.0
    healthy_since = math.inf
    addresses = frozenset(address for each in new_replicas for address in each.addresses)
    while True:
        # Before the containers are inspected: one that exits has no address any more.
        seen = site.slots()
        if closed and any(each.address in addresses and each.serves for each in seen):
            # The proxy was restarted meanwhile, and does not know which slots were closed.
            site.set_state(lambda slot: slot.address in addresses, Admission.DRAIN)
        missing = {each: _missing(site, each, seen) for each in new_replicas}
        healthy_since = math.inf if any(missing.values()) else min(healthy_since, time.monotonic())
        if time.monotonic() - healthy_since >= steady:
            return
        if time.monotonic() >= deadline and any(missing.values()):
            late, gap = next((each, gap) for each, gap in missing.items() if gap)
            raise UnhealthyError(f"not healthy within {timeout:.0f} s: {gap.cause}", late.container, gap.output)
        time.sleep(POLL_SECONDS)


def watch(site: RolloutContext, new_replicas: tuple[NewReplica, ...]) -> None:
    """Let old and new serve side by side for a while.

    Raises UnhealthyError for a new one that exits or becomes unhealthy.
    """
    deadline = time.monotonic() + watch_seconds(site.application)
    while time.monotonic() < deadline:
        seen = site.slots()
        for each in new_replicas:
            state = _running_state(site, each)
            if state.get("Health", {}).get("Status") == "unhealthy":
                raise UnhealthyError("became unhealthy", each.container, _health_output(site, state))
            for slot in seen:
                if slot.address in each.addresses and slot.down:
                    raise UnhealthyError(f"became unhealthy: {_answer(site.application, slot)}", each.container)
        time.sleep(POLL_SECONDS)


def _missing(site: RolloutContext, each: NewReplica, seen: tuple[Slot, ...]) -> _HealthGap | None:
    """Return what a new container lacks to be healthy; None if nothing. Raises UnhealthyError if it has exited."""
    state = _running_state(site, each)
    health = state.get("Health", {}).get("Status", "none")
    has_path = any(backend.health_check for backend in site.application.backends)
    # With x-health-check that path decides: Docker's first check of a container may come after 30 s.
    if health not in ("none", "healthy") and not (has_path and health == "starting"):
        return _HealthGap("its own health check fails", _health_output(site, state))
    mine = [slot for slot in seen if slot.address in each.addresses]
    failing = next((slot for slot in mine if not slot.passed), None)
    if failing:
        return _HealthGap(_answer(site.application, failing))
    if {slot.backend for slot in mine} != {slot.backend for slot in seen}:
        return _HealthGap("the proxy does not know it yet; does Docker's DNS answer?")
    return None if seen else _HealthGap("the proxy does not run; start it with: shoestring start")


def _running_state(site: RolloutContext, each: NewReplica) -> Mapping[str, Any]:
    """Return Docker's state of a running container. Raises UnhealthyError if it does not run, or was restarted."""
    found = site.inspect(each.container)
    state: Mapping[str, Any] = found.get("State") or {}
    if not state:
        raise UnhealthyError("was removed by another program", each.container)
    if not state["Running"] or state["Restarting"] or int(found.get("RestartCount", 0)) > each.restarts:
        raise UnhealthyError(_exit(site, each.container, state), each.container)
    return state


def _exit(site: RolloutContext, container: Container, state: Mapping[str, Any]) -> str:
    """Return how a container ended first. Its state may be that of its next run already; the engine's events know."""
    created = datetime.fromisoformat(str(site.inspect(container).get("Created", "1970-01-01T00:00:00Z"))[:19] + "Z")
    filters = {"container": container.id, "type": "container"}
    with docker_errors():
        past = list(
            site.client.api.events(
                since=int(created.timestamp()) - 1, until=int(time.time()) + 1, filters=filters, decode=True
            )
        )
    started = next((each for each in past if each["Action"] == "start"), None)
    died = next((each for each in past if each["Action"] == "die"), None)
    if died is None:
        return f"exited with code {state.get('ExitCode', '?')}"
    code = died["Actor"]["Attributes"].get("exitCode", "?")
    if started is None:
        return f"exited with code {code}"
    return f"exited with code {code} after {(died['timeNano'] - started['timeNano']) / 1e9:.1f} s"


def _health_output(site: RolloutContext, state: Mapping[str, Any]) -> str:
    log = state.get("Health", {}).get("Log") or []
    if not log:
        return "it has not been run yet"
    lines = printed.lines(str(log[-1].get("Output", "")), site.secrets)
    return lines[-1].strip()[:_OUTPUT_LENGTH] if lines else f"it ended with exit code {log[-1].get('ExitCode')}"


def _answer(application: Application, slot: Slot) -> str:
    """Return the proxy's check and its result. Terms: HAProxy's Management Guide, `show stat`, check_status."""
    path = next((each.health_check for each in application.backends if each.name == slot.backend), "")
    probe = f"GET {path} on port {slot.port}" if path else f"port {slot.port}"
    status, _, code = slot.check.partition(" ")
    if status == "L7STS" and code:
        return f"{probe} answers {code}"
    return f"{probe} answers the proxy's check too late" if status.endswith("TOUT") else f"{probe} does not answer"
