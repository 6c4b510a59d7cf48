"""Gives an application a new version without losing a request: start-first.

The new container is created beside the old one, and only then its places in the proxy are closed: whatever kills a
rollout, closed places are there only while there are two containers, which the next pass sees and brings to an end.
No file remembers a rollout.
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
from runtime.rollout.health import (
    Newcomer,
    UnhealthyError,
    is_let_in,
    newcomer,
    wait_until_healthy,
    watch,
    watch_seconds,
    what_is_asked,
)
from runtime.rollout.site import Crew, Site

# The proxy has four places for the containers of a name: two new ones beside two old ones.
MOST_REPLICAS = 2
PLACES = 4
LINES_KEPT = 12


class RolloutError(ShoestringError):
    """A new version was not healthy and was removed; the old one keeps running.

    `reason` is such as `exited with code 2 after 3.1 s`, `lines` are the last ones of the container's log, `summary`
    is the message without them.
    """

    def __init__(self, application: str, reason: str, lines: tuple[str, ...]) -> None:
        self.application = application
        self.reason = reason
        self.lines = lines
        self.summary = f"The new version {reason}; the old one keeps running."
        super().__init__(self.summary + "".join(f"\n    | {line}" for line in lines))


def possible(site: Site) -> bool:
    """Whether `roll` is the way to apply the project: else `docker compose up` is, which stops the old one first.

    True also for what a killed rollout left. Asks Docker and the proxy; changes nothing. Raises ShoestringError.
    """
    service = site.service
    if site.application.rollout.order is not Order.START_FIRST or not site.backends:
        return False
    if not 1 <= service.replicas <= MOST_REPLICAS:
        return False
    crew = site.crew()
    if not (crew.new or crew.old) or not (crew.old or (crew.new and crew.idle)):
        return False
    if len(crew.old) + service.replicas > PLACES:
        return False
    return _same_questions(site) and not _keeps_data(site, crew)


def _same_questions(site: Site) -> bool:
    """Whether the proxy that runs asks for the port and the path of the new version; it can ask for one only."""
    seen = site.slots()
    asked = states.health_paths(site.configuration)
    wanted = {each.name: each.health_check for each in site.application.backends}
    ports = all(not each.address or each.port == site.ports[each.backend] for each in seen)
    # A path that only the file has will be asked for afterwards.
    paths = all(wanted.get(each.backend, "") == asked[each.backend] for each in seen if each.backend in asked)
    return bool(seen) and ports and paths


def _keeps_data(site: Site, crew: Crew) -> bool:
    """Whether a container has a volume without a name, which Compose hands on only when it stops the old one first.

    Images declare such volumes too. Where the file itself asks for start-first, it is as it says.
    """
    if site.application.rollout.is_order_given:
        return False
    mounts = [mount for each in (*crew.old, *crew.new) for mount in site.inspect(each).get("Mounts") or ()]
    return any(mount.get("Type") == "volume" and mount.get("RW") for mount in mounts)


def open_places(site: Site) -> None:
    """Let all containers of the service have requests, where `docker compose up` is the way and not `roll`.

    A rollout that was killed may have closed places, and the file may ask for stop-first since.
    """
    site.tell(lambda slot: True, Admission.READY)


def roll(site: Site, others: tuple[str, ...], tell: Callable[[Step], None]) -> None:
    """Bring the new version up beside the old, prove it, let the old end its requests, remove it.

    Also brings to an end what a killed rollout left. The project's generated file has to be written before. `others`
    are services of the project that changed too: they are applied without ceremony, before the new version starts.
    Raises RolloutError if the new version is not healthy: it is gone then, and the old one serves. Any other
    ShoestringError leaves what the next pass will bring to an end.
    """
    crew = _clear(site)
    started = time.monotonic()
    try:
        newcomers, closed = _start(site, crew, others, tell)
        started = time.monotonic()
        _prove(site, newcomers, closed, tell)
    except ShoestringError as error:
        raise _give_up(site, error, time.monotonic() - started, tell) from error
    _replace(site, tell)


def _clear(site: Site) -> Crew:
    """Remove what is there and does not run; `created` ones stay, they are started next."""
    crew = site.crew()
    if crew.idle:
        unproved = site.addresses(*(each for each in crew.new if not site.serves(each)))
        site.tell(lambda slot: slot.address not in unproved, Admission.READY)
        site.remove(*crew.idle)
    return site.crew()


def _start(
    site: Site, crew: Crew, others: tuple[str, ...], tell: Callable[[Step], None]
) -> tuple[tuple[Newcomer, ...], bool]:
    """Create the new containers, close their places, start them. Gives them, and whether their places are closed."""
    started = time.monotonic()
    replicas = site.service.replicas
    total = len(crew.old) + replicas
    known = {each.id for each in crew.new}
    # Without an old one there is nobody to take the requests: no place is closed, and the proxy's check decides.
    closed = bool(crew.old) and (len(crew.new) < replicas or not all(is_let_in(site, each) for each in crew.new))
    if crew.count < total:
        site.compose(compose.create_more(site.project, PROXIED_SERVICE, total))
        failpoint("rollout-created")
    if closed:
        _close(site, crew)
        failpoint("rollout-closed")
    elif not crew.old:
        open_places(site)
    if others:
        site.compose(compose.create(site.project, others))
    if others or len(crew.new) < replicas:
        site.compose(compose.start_created(site.project, PROXIED_SERVICE, total, others))
        failpoint("rollout-started")
    tell(Step("started", "beside the old one", time.monotonic() - started))
    seen = site.crew()
    # One that ended at once is among those that do not run.
    new = (*seen.new, *seen.created, *seen.idle)
    if len(new) < replicas:
        # Someone removed one meanwhile; without this look nothing would be left to prove.
        raise ShoestringError(f"Of {replicas} new containers Docker lists only {len(new)}.")
    return tuple(newcomer(site, each, started_now=each.id not in known) for each in new), closed


def _close(site: Site, crew: Crew) -> None:
    """Close all places but those of the old containers, which may have been closed by a killed rollout."""
    old = site.addresses(*crew.old)
    site.tell(lambda slot: slot.address in old, Admission.READY)
    site.tell(lambda slot: slot.address not in old, Admission.DRAIN)


def _prove(site: Site, newcomers: tuple[Newcomer, ...], closed: bool, tell: Callable[[Step], None]) -> None:
    """Let the new ones in once they are healthy, and see that they stay so."""
    started = time.monotonic()
    wait_until_healthy(site, newcomers, closed=closed)
    failpoint("rollout-healthy")
    addresses = frozenset(address for each in newcomers for address in each.addresses)
    site.tell(lambda slot: slot.address in addresses, Admission.READY)
    failpoint("rollout-admitted")
    tell(Step("healthy", what_is_asked(site.application), time.monotonic() - started))
    started = time.monotonic()
    watch(site, newcomers)
    failpoint("rollout-watched")
    tell(Step("watched", f"both serve for {watch_seconds(site.application):.0f} s", time.monotonic() - started))


def _replace(site: Site, tell: Callable[[Step], None]) -> None:
    """Let the old ones end their requests, stop them, open all places again, and only then remove them."""
    started = time.monotonic()
    old = site.crew().old
    count = site.drain(site.addresses(*old))
    failpoint("rollout-drained")
    tell(Step("drained", f"{count} connection{'s' if count != 1 else ''}", time.monotonic() - started))
    _retire(site, *old)


def _retire(site: Site, *containers: Container, volumes: bool = False) -> None:
    """Stop containers, open all places again, and only then remove them: what a kill leaves can be seen."""
    site.stop(*containers)
    failpoint("rollout-stopped")
    site.tell(lambda slot: True, Admission.READY)
    failpoint("rollout-opened")
    site.remove(*containers, volumes=volumes)


def _give_up(site: Site, error: ShoestringError, seconds: float, tell: Callable[[Step], None]) -> ShoestringError:
    """Remove the new ones; the old ones get all requests again. Gives the error to raise."""
    crew = site.crew()
    if not crew.old:
        open_places(site)
        return error
    step, reason, lines = _cause(site, error)
    tell(Step(step, reason, seconds, ok=False))
    old = site.addresses(*crew.old)
    site.tell(lambda slot: slot.address in old, Admission.READY)
    # While it was watched it may have got requests.
    site.drain(site.addresses(*crew.new))
    _retire(site, *crew.new, *crew.created, *crew.idle, volumes=True)
    return RolloutError(site.application.name, reason, lines)


def _cause(site: Site, error: ShoestringError) -> tuple[str, str, tuple[str, ...]]:
    """Return which step of a rollout failed, why, and the last lines that were printed."""
    match error:
        case UnhealthyError():
            return "healthy", str(error), site.logs(error.container, LINES_KEPT)
        case ComposeError():
            return "started", f"did not start: {error.reason}", error.lines
        case _:
            return "started", f"did not start: {error}", ()
