"""Wait until what was just applied runs and is served, and return what is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.base.errors import ShoestringError
from runtime.base.paths import RunPaths, Side
from runtime.config.applications import Application
from runtime.context.results import Code, Failure
from runtime.docker.observed import Observed, observe
from runtime.docker.projects import Project
from runtime.proxy import sockets, states
from runtime.reconcile.desired import Desired
from runtime.reconcile.status import FINE, PASSING, states_of

if TYPE_CHECKING:
    from docker import DockerClient

# An application may take a while to start; a task that fails shows within the first second.
PATIENCE_SECONDS = 60.0
WATCH_SECONDS = 1.0
POLL_SECONDS = 0.25


@dataclass(frozen=True)
class _Observation:
    """One observation: what has failed, and whether something is still starting."""

    failures: tuple[Failure, ...]
    waiting: bool


def wait_until_ready(
    client: DockerClient, run: RunPaths, desired: Desired, applied: tuple[Project, ...]
) -> tuple[Failure, ...]:
    """Wait until the projects run and their proxies reach them, at most PATIENCE_SECONDS.

    Returns what does not.
    """
    if not applied:
        return ()
    started = time.monotonic()
    while True:
        observed = observe(client, desired.settings.instance)
        seen = _observe(run, desired, applied, observed)
        elapsed = time.monotonic() - started
        if (not seen.waiting and elapsed >= WATCH_SECONDS) or elapsed >= PATIENCE_SECONDS:
            return seen.failures
        time.sleep(POLL_SECONDS)


def _observe(run: RunPaths, desired: Desired, applied: tuple[Project, ...], observed: Observed) -> _Observation:
    # A side whose interface has no address yet has no proxy.
    serving = {model.side: _serving(run, model.side) for model in desired.proxies}
    by_name = {each.name: each for each in desired.applications}
    failures: list[Failure] = []
    waiting = False
    for project in applied:
        found = states_of(project, observed)
        bad = {service: state for service, state in found.items() if state not in FINE}
        failures += [
            Failure(
                Code.NOT_RUNNING,
                project.application,
                f"{service} is {state}.",
                f"See: docker compose -p {project.name} logs {service}",
            )
            for service, state in bad.items()
        ]
        waiting = waiting or any(state in PASSING for state in bad.values())
        application = by_name.get(project.application)
        if application and application.side in serving and not bad:
            unreached = tuple(_unreached(application, serving[application.side]))
            failures += unreached
            waiting = waiting or bool(unreached)
    return _Observation(tuple(failures), waiting)


def _serving(run: RunPaths, side: Side) -> frozenset[str]:
    """Return the backends of a proxy that have an active server; none if the proxy does not answer."""
    try:
        return states.serving(sockets.server_states(run.master_socket(side)))
    except ShoestringError:
        return frozenset()


def _unreached(application: Application, serving: frozenset[str]) -> Iterator[Failure]:
    """Yield what does not answer the proxy: at a wrong port, or where it does not listen on all addresses."""
    silent = "it runs, but does not answer the proxy at"
    for backend in application.backends:
        if backend.name not in serving:
            unready = (
                f"path {backend.health_check} on port {backend.port}"
                if backend.health_check
                else f"port {backend.port}"
            )
            advice = f"Check x-container-port, and that {backend.service} listens on 0.0.0.0."
            yield Failure(Code.NOT_REACHED, application.name, f"{silent} {unready}.", advice)
    for tcp in application.tcp_ports:
        if states.tcp_name(tcp.port) not in serving:
            advice = "Check x-external-tcp-ports, and that it listens on 0.0.0.0."
            yield Failure(Code.NOT_REACHED, application.name, f"{silent} port {tcp.container_port}.", advice)
