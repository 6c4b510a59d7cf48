"""The services that fit this host, and the choices that setup offers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from installer.host import memory
from installer.host.memory import RESERVE, HostMemory
from installer.services.catalogue import Catalogue, complete
from installer.services.service import Service
from runtime.base.constants import MEGABYTE

# Memory of the two proxies and the example, with what Docker needs for them: docs/memory.md.
CORE = 64 * MEGABYTE


@dataclass(frozen=True)
class ServiceOffer:
    """One choice: services that are offered together. One that is not `possible` would not fit even alone."""

    services: tuple[Service, ...]
    there: bool
    ticked: bool
    possible: bool
    remark: str = ""

    @property
    def title(self) -> str:
        """Return its title."""
        return " + ".join(each.title for each in self.services)

    @property
    def memory(self) -> int:
        """Return the MB that it needs."""
        return sum(each.memory for each in self.services)


def before_start(host: HostMemory) -> HostMemory:
    """Return the memory as it will be after a first setup has started the core."""
    return replace(host, available=max(0, host.available - CORE))


def must_fit(new: Iterable[Service], host: HostMemory, *, force: bool = False) -> None:
    """Raise ShoestringError if new services do not fit together, unless `force`."""
    services = tuple(new)
    if services:
        memory.must_fit(*_together_need(services), host, force=force)


def problem(new: Iterable[Service], host: HostMemory) -> str:
    """Return why new services do not fit together; empty if they do."""
    services = tuple(new)
    found = memory.problem(*_together_need(services), host) if services else ""
    return f"{found}. Choose fewer now; you can add others later." if found else ""


def _together_need(services: tuple[Service, ...]) -> tuple[str, int]:
    first, *more = (each.title for each in services)
    title = f"{first} with {' and '.join(more)}" if more else first
    return title, sum(each.memory for each in services) * MEGABYTE


def offers(
    known: Catalogue, added: Iterable[str], host: HostMemory, *, first: bool, pulled: Iterable[str] = ()
) -> tuple[ServiceOffer, ...]:
    """Return the choices. At a `first` setup the suggested ones are ticked as far as they fit.

    `pulled` are services that need a registry although images are built on this host; they are not ticked.
    """
    present, away = frozenset(added), frozenset(pulled)
    room = left = (host.available - RESERVE) // MEGABYTE
    taken = set(present)
    groups = _together(known)
    for services in groups:
        names = frozenset(each.name for each in services)
        needed = _memory(known, names, taken)
        if first and all(each.suggested for each in services) and not names & away and needed <= left:
            left -= needed
            taken |= names
    found = []
    for services in groups:
        names = frozenset(each.name for each in services)
        possible = _memory(known, names, present) <= room
        offer = ServiceOffer(services, names <= present, names <= taken, possible)
        more = _memory(known, names, taken if possible else present)
        found.append(replace(offer, remark=_remark(offer, more, left if possible else room, away)))
    return tuple(found)


def _memory(known: Catalogue, names: Iterable[str], counted: Collection[str]) -> int:
    """Return the MB of services and all that they need, without those that are `counted` already."""
    return sum(each.memory for each in complete(known, names) if each.name not in counted)


def _together(known: Catalogue) -> tuple[tuple[Service, ...], ...]:
    """Return the services in groups: each with those that are part of it."""
    heads = [each for each in known.values() if each.part_of not in known]
    ordered = sorted(heads, key=lambda each: (not each.suggested, each.suggested, each.memory))
    return tuple((head, *(each for each in known.values() if each.part_of == head.name)) for head in ordered)


def _remark(offer: ServiceOffer, needed: int, left: int, pulled: frozenset[str]) -> str:
    """Return what the user should know about a choice. `needed` and `left` are in MB."""
    if offer.there:
        return "already added"
    if needed > left:
        return f"does not fit{' with the others' if offer.possible else ''}: {max(0, left)} MB left"
    away = [each.title for each in offer.services if each.name in pulled]
    return f"pulled from a registry: {', '.join(away)}" if away else ""
