"""The parts of the system that plan changes, in the order in which their changes are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runtime.certificates.changes import IssueCertificate
from runtime.context.change import Change
from runtime.reconcile import plan
from runtime.reconcile.state import State

Planner = Callable[[State], Iterable[Change]]


def firewall(state: State) -> Iterable[Change]:
    """Plan the firewall."""
    return (state.firewall,) if state.firewall else ()


def private_certificates(state: State) -> Iterable[Change]:
    """Plan the certificates that the private CA signs."""
    return (each for each in state.due.local if isinstance(each, IssueCertificate))


def networks(state: State) -> Iterable[Change]:
    """Plan the networks that are missing."""
    return plan.plan_networks(state.desired, state.observed)


def isolation(state: State) -> Iterable[Change]:
    """Plan what keeps neighbors from containers, by the bridges of the networks."""
    return (state.isolation,) if state.isolation else ()


def dns(state: State) -> Iterable[Change]:
    """Plan the names of VPN clients."""
    return (state.dns,) if state.dns else ()


def core(state: State) -> Iterable[Change]:
    """Plan the core; before it starts, its proxies need their configuration."""
    change = plan.plan_core(state.desired, state.observed, state.proxies, state.dns)
    return (*_installs(state), change) if change else ()


def applications(state: State) -> Iterable[Change]:
    """Plan the applications whose containers are not what their files say."""
    return plan.plan_applications(state.desired, state.observed)


def restarts(state: State) -> Iterable[Change]:
    """Plan restarts of containers that do not do what they should."""
    return plan.plan_restarts(state.desired, state.observed)


def proxies(state: State) -> Iterable[Change]:
    """Plan the configuration of running proxies: they get new host names once their applications run."""
    core_change = plan.plan_core(state.desired, state.observed, state.proxies, state.dns)
    return () if core_change else _installs(state)


def removals(state: State) -> Iterable[Change]:
    """Plan the removal of applications whose files were removed."""
    return plan.plan_removals(state.desired, state.observed)


def certificate_upkeep(state: State) -> Iterable[Change]:
    """Plan what the proxies' folders of certificates need apart from new ones."""
    return (each for each in state.due.local if not isinstance(each, IssueCertificate))


def _installs(state: State) -> tuple[Change, ...]:
    return tuple(each for each in state.proxies if str(each.difference))


# The firewall and the isolation are there before anything is published, certificates before the proxies start.
PLANNERS: tuple[Planner, ...] = (
    firewall,
    private_certificates,
    networks,
    isolation,
    dns,
    core,
    applications,
    restarts,
    proxies,
    removals,
    certificate_upkeep,
)
