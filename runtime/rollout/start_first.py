"""Replace the version of an application without losing a request: start-first.

The new container is created while the old one runs, and only then its slots in the proxy are closed. So if a rollout
is killed, slots are closed only while two containers exist, which the next run of the watchdog sees and completes. No
file records a rollout.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from runtime.base.errors import ShoestringError
from runtime.base.failpoints import failpoint
from runtime.config.applications import PROXIED_SERVICE, Order
from runtime.context.change import Step
from runtime.docker import compose
from runtime.docker.compose import ComposeError
from runtime.docker.observed import Container
from runtime.proxy import states
from runtime.proxy.slots import Admission
from runtime.rollout.context import Replicas, RolloutContext, wait
from runtime.rollout.health import (
    NewReplica,
    UnhealthyError,
    health_probe,
    is_in_rotation,
    new_replica,
    wait_until_healthy,
    watch,
    watch_seconds,
)

# The proxy has four slots for the containers of a name: two new ones and two old ones.
MOST_REPLICAS = 2
SERVER_SLOTS = 4
LINES_KEPT = 12
# How long a container that Compose has just started may be missing from Docker's listing.
LISTED_SECONDS = 1.0


class RolloutError(ShoestringError):
    """A new version was not healthy and was removed; the old one keeps running.

    `reason` is such as `exited with code 2 after 3.1 s`, `lines` are the last ones of the container's log, `summary`
    is the message without them. `cause` is the reason without what a program printed, where it has any.
    """

    def __init__(self, application: str, reason: str, lines: tuple[str, ...], cause: str = "") -> None:
        self.cause = cause or reason
        self.application = application
        self.reason = reason
        self.lines = lines
        self.summary = f"The new version {reason}; the old one keeps running."
        super().__init__(self.summary + "".join(f"\n    | {line}" for line in lines))

    @property
    def sentence(self) -> str:
        """Return the summary without what a program printed."""
        return f"The new version {self.cause}; the old one keeps running."


def is_possible(site: RolloutContext) -> bool:
    """Return whether `roll` applies the project; else `docker compose up` does, which stops the old one first.

    True also where a killed rollout has to be completed. Queries Docker and the proxy; changes nothing. Raises
    ShoestringError.
    """
    service = site.service
    if site.application.rollout.order is not Order.START_FIRST or not site.backends:
        return False
    if not 1 <= service.replicas <= MOST_REPLICAS:
        return False
    current = site.replicas()
    if not (current.new or current.old) or not (current.old or (current.new and current.stopped)):
        return False
    if len(current.old) + service.replicas > SERVER_SLOTS:
        return False
    return _has_same_health_checks(site) and not _has_anonymous_volume(site, current)


def _has_same_health_checks(site: RolloutContext) -> bool:
    """Return whether the running proxy checks the port and path of the new version; it can check only one."""
    seen = site.slots()
    configured = states.health_paths(site.configuration)
    desired = {each.name: each.health_check for each in site.application.backends}
    ports = all(not each.address or each.port == site.ports[each.backend] for each in seen)
    # A path that only the file has will be asked for afterwards.
    paths = all(
        desired.get(each.backend, "") == configured[each.backend] for each in seen if each.backend in configured
    )
    return bool(seen) and ports and paths


def _has_anonymous_volume(site: RolloutContext, current: Replicas) -> bool:
    """Return whether a container has an anonymous volume: Compose keeps its data only if it stops the old one first.

    Images declare such volumes too. Where the file itself sets start-first, that decides.
    """
    if site.application.rollout.is_order_given:
        return False
    mounts = [mount for each in (*current.old, *current.new) for mount in site.inspect(each).get("Mounts") or ()]
    return any(mount.get("Type") == "volume" and mount.get("RW") for mount in mounts)


def enable_all_slots(site: RolloutContext) -> None:
    """Put all containers of the service in rotation, where `docker compose up` is used and not `roll`.

    A killed rollout may have closed slots, and the file may have been set to stop-first since.
    """
    site.set_state(lambda slot: True, Admission.READY)


def roll(site: RolloutContext, others: tuple[str, ...], report: Callable[[Step], None]) -> None:
    """Start the new version while the old one serves, wait until it is healthy, drain the old one, and remove it.

    Also completes a killed rollout. The project's generated file has to be written before. `others` are services of
    the project that changed too: Compose applies them before the new version starts. Raises RolloutError if the new
    version is not healthy: it has been removed then, and the old one serves. After any other ShoestringError the next
    run of the watchdog completes the rollout.
    """
    current = _clear(site)
    started = time.monotonic()
    try:
        new_replicas, closed = _start(site, current, others, report)
        started = time.monotonic()
        _prove(site, new_replicas, closed, report)
    except ShoestringError as error:
        raise _give_up(site, error, time.monotonic() - started, report) from error
    _replace(site, report)


def _clear(site: RolloutContext) -> Replicas:
    """Remove what is there and does not run; `created` ones stay, they are started next."""
    current = site.replicas()
    if current.stopped:
        unproved = site.addresses(*(each for each in current.new if not site.serves(each)))
        site.set_state(lambda slot: slot.address not in unproved, Admission.READY)
        site.remove(*current.stopped)
    return site.replicas()


def _start(
    site: RolloutContext, current: Replicas, others: tuple[str, ...], report: Callable[[Step], None]
) -> tuple[tuple[NewReplica, ...], bool]:
    """Create the new containers, close their slots, start them. Return them, and whether their slots are closed."""
    started = time.monotonic()
    replicas = site.service.replicas
    total = len(current.old) + replicas
    known = {each.id for each in current.new}
    # Without an old one no other container serves: no slot is closed, and the proxy's check decides.
    closed = bool(current.old) and (
        len(current.new) < replicas or not all(is_in_rotation(site, each) for each in current.new)
    )
    if current.count < total:
        site.compose(compose.create_more(site.project, PROXIED_SERVICE, total))
        failpoint("rollout-created")
    if closed:
        _close(site, current)
        failpoint("rollout-closed")
    elif not current.old:
        enable_all_slots(site)
    if others:
        site.compose(compose.create(site.project, others))
    if others or len(current.new) < replicas:
        site.compose(compose.start_created(site.project, PROXIED_SERVICE, total, others))
        failpoint("rollout-started")
    report(Step("started", "beside the old one", time.monotonic() - started))
    new = _listed(site, total, others)
    return tuple(new_replica(site, each, started_now=each.id not in known) for each in new), closed


def _listed(site: RolloutContext, total: int, others: tuple[str, ...]) -> tuple[Container, ...]:
    """Return the new containers once Docker lists them all. Raises ShoestringError if it does not.

    Compose counts what the engine lists at that moment, and creates what is missing: one that somebody removes
    meanwhile, or that Compose counted twice, is created by its next run.
    """
    replicas = site.service.replicas

    def listed() -> tuple[Container, ...]:
        seen = site.replicas()
        # A container that ended at once is among those that do not run.
        return (*seen.new, *seen.created, *seen.stopped)

    if not wait(lambda: len(listed()) >= replicas, LISTED_SECONDS):
        site.compose(compose.start_created(site.project, PROXIED_SERVICE, total, others))
    if len(new := listed()) < replicas:
        # Without this check no container would be left to wait for.
        raise ShoestringError(
            f"Docker lists {len(new)} of {replicas} new containers, and {len(site.replicas().old)} old ones."
        )
    return new


def _close(site: RolloutContext, current: Replicas) -> None:
    """Close all slots but those of the old containers, which a killed rollout may have closed."""
    old = site.addresses(*current.old)
    site.set_state(lambda slot: slot.address in old, Admission.READY)
    site.set_state(lambda slot: slot.address not in old, Admission.DRAIN)


def _prove(
    site: RolloutContext, new_replicas: tuple[NewReplica, ...], closed: bool, report: Callable[[Step], None]
) -> None:
    """Let the new ones in once they are healthy, and see that they stay so."""
    started = time.monotonic()
    wait_until_healthy(site, new_replicas, closed=closed)
    failpoint("rollout-healthy")
    addresses = frozenset(address for each in new_replicas for address in each.addresses)
    site.set_state(lambda slot: slot.address in addresses, Admission.READY)
    failpoint("rollout-admitted")
    report(Step("healthy", health_probe(site.application), time.monotonic() - started))
    started = time.monotonic()
    watch(site, new_replicas)
    failpoint("rollout-watched")
    report(Step("watched", f"both serve for {watch_seconds(site.application):.0f} s", time.monotonic() - started))


def _replace(site: RolloutContext, report: Callable[[Step], None]) -> None:
    """Drain the old ones, stop them, open all slots again, and only then remove them."""
    started = time.monotonic()
    old = site.replicas().old
    count = site.drain(site.addresses(*old))
    failpoint("rollout-drained")
    report(Step("drained", f"{count} connection{'s' if count != 1 else ''}", time.monotonic() - started))
    _retire(site, *old)


def _retire(site: RolloutContext, *containers: Container, volumes: bool = False) -> None:
    """Stop containers, open all slots again, and only then remove them: so a killed rollout can be recognized."""
    site.stop(*containers)
    failpoint("rollout-stopped")
    site.set_state(lambda slot: True, Admission.READY)
    failpoint("rollout-opened")
    site.remove(*containers, volumes=volumes)


def _give_up(
    site: RolloutContext, error: ShoestringError, seconds: float, report: Callable[[Step], None]
) -> ShoestringError:
    """Remove the new ones; the old ones get all requests again. Gives the error to raise."""
    current = site.replicas()
    if not current.old:
        enable_all_slots(site)
        return error
    step, reason, lines = _cause(site, error)
    report(Step(step, reason, seconds, ok=False))
    old = site.addresses(*current.old)
    site.set_state(lambda slot: slot.address in old, Admission.READY)
    # While it was watched it may have got requests.
    site.drain(site.addresses(*current.new))
    _retire(site, *current.new, *current.created, *current.stopped, volumes=True)
    return RolloutError(
        site.application.name, reason, lines, error.sentence if isinstance(error, UnhealthyError) else ""
    )


def _cause(site: RolloutContext, error: ShoestringError) -> tuple[str, str, tuple[str, ...]]:
    """Return which step of a rollout failed, why, and the last lines that were printed."""
    match error:
        case UnhealthyError():
            return "healthy", str(error), site.logs(error.container, LINES_KEPT)
        case ComposeError():
            return "started", f"did not start: {error.reason}", error.lines
        case _:
            return "started", f"did not start: {error}", ()
