"""Start, stop, reload and status: the same for the user's commands, for boot and for timers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from runtime.base import files
from runtime.base.errors import UsageError
from runtime.base.paths import Side
from runtime.certificates import overview
from runtime.certificates.store import placeholder
from runtime.config import vpn_configuration
from runtime.config.sections import InternalTls
from runtime.context.change import SILENT, ApplyContext, Listener, Plan
from runtime.context.cluster import Cluster
from runtime.context.results import Advisory, Blocked, Code, Report
from runtime.docker.observed import observe
from runtime.firewall import isolation, reconcile
from runtime.proxy.container import PROXY_GID, PROXY_UID
from runtime.reconcile import fast_path_record, planners
from runtime.reconcile.apply import apply
from runtime.reconcile.desired import Desired
from runtime.reconcile.plan import plan_stop
from runtime.reconcile.snapshot import Snapshot
from runtime.reconcile.status import Status, assess
from runtime.reconcile.wait import wait_until_ready
from runtime.rollout.apply_project import ApplyProject


def start(cluster: Cluster, listener: Listener = SILENT, timeout: float = 0.0) -> Report:
    """Make everything run as the files say. `timeout` is how long to wait for the lock, in seconds."""
    with files.lock(cluster.run.lock, timeout, listener.waiting):
        files.remove(cluster.run.stopped)
        files.remove(cluster.run.attempts)
        return carry_out(Snapshot(cluster), listener)


def carry_out(
    snapshot: Snapshot,
    listener: Listener,
    plan: Plan | None = None,
    observed: Callable[[Snapshot], None] = lambda _: None,
) -> Report:
    """Make the changes of a plan and wait for them. The lock must be held.

    `plan` is a part of the snapshot's plan; None: all of it. `observed` is called with the snapshot afterwards, if
    all changes were made.
    """
    cluster, desired = snapshot.cluster, snapshot.desired
    _make_directories(cluster)
    outcomes = apply(snapshot.plan if plan is None else plan, snapshot.context, listener)
    if all(outcome.ok for outcome in outcomes):
        # Applications may have created networks of their own.
        after = Snapshot(cluster)
        outcomes += apply(tuple(planners.isolation(after)), after.context, listener)
    _accept(cluster, desired)
    applied = tuple(each.change.project for each in outcomes if each.ok and isinstance(each.change, ApplyProject))
    failures = wait_until_ready(cluster.client, cluster.run, desired, applied)
    if not failures and all(outcome.ok for outcome in outcomes):
        after = Snapshot(cluster)
        fast_path_record.save(after)
        observed(after)
    return Report(outcomes, desired.problems, desired.warnings, failures, snapshot.blocked)


def stop(cluster: Cluster, listener: Listener = SILENT, timeout: float = 0.0) -> Report:
    """Stop and remove all containers of the instance, then its networks. Data and files stay.

    The watchdog leaves it like that until the next start.
    """
    with files.lock(cluster.run.lock, timeout, listener.waiting):
        files.write(cluster.run.stopped, "")
        return Report(apply(stop_plan(cluster), ApplyContext(cluster), listener))


def stop_plan(cluster: Cluster) -> Plan:
    """Return what stop would do."""
    instance = cluster.settings.instance
    last = reconcile.isolation_removal(instance, cluster.paths)
    return (*plan_stop(observe(cluster.client, instance), instance), *((last,) if last else ()))


def reload(
    cluster: Cluster,
    sides: tuple[Side, ...],
    listener: Listener = SILENT,
    timeout: float = 0.0,
    *,
    force: bool = False,
) -> Report:
    """Render the proxies' configuration again, check it, install it, and have those that run load it.

    With `force` they load it also where nothing changed, such as for a certificate that the user put there.
    Raises UsageError for a side that is off.
    """
    with files.lock(cluster.run.lock, timeout, listener.waiting):
        snapshot = Snapshot(cluster)
        outcomes = apply(_installs(snapshot, sides, force=force), snapshot.context, listener)
    return Report(outcomes, snapshot.desired.problems, snapshot.desired.warnings)


def reload_plan(cluster: Cluster, sides: tuple[Side, ...], *, force: bool = False) -> Plan:
    """Return what reload would do."""
    return _installs(Snapshot(cluster), sides, force=force)


def _installs(snapshot: Snapshot, sides: tuple[Side, ...], *, force: bool) -> Plan:
    off = [side for side in sides if side not in snapshot.desired.settings.sides]
    if off and len(sides) == 1:
        raise UsageError(f"The {off[0]} side is off; it has no proxy. Switch it on in conf/shoestring.yaml.")
    meant = (each for each in snapshot.proxies if each.side in sides)
    return tuple(replace(each, force=force) for each in meant if force or str(each.difference))


def status(cluster: Cluster) -> Status:
    """Return what runs, since when, and what is wrong. Changes nothing."""
    snapshot = Snapshot(cluster)
    desired = snapshot.desired
    certificates = overview.assess(snapshot.certificates, snapshot.now)
    found = assess(
        desired, snapshot.inspected, certificates, firewall_active=reconcile.is_confirmed(desired, cluster.paths)
    )
    firewall = [
        Advisory(Code.FIREWALL_NOT_CONFIRMED, "firewall", each) for each in reconcile.notes(desired, cluster.paths)
    ]
    exposed = isolation.problem()
    if exposed:
        firewall.append(Advisory(Code.NOT_ISOLATED, "isolation", exposed))
    vpn = vpn_configuration.problems(desired.settings, cluster.paths)
    return replace(
        found,
        warnings=(*found.warnings, *firewall),
        problems=(*found.problems, *(Blocked(Code.VPN_FILE_DIFFERS, "vpn", each) for each in vpn)),
    )


def _make_directories(cluster: Cluster) -> None:
    """Create what the proxies' containers mount; after a reboot the engine may have created it, owned by root."""
    proxy = (PROXY_UID, PROXY_GID)
    for side in cluster.settings.sides:
        files.make_directory(cluster.run.proxy(side), 0o750, proxy)
        files.make_directory(cluster.paths.proxy_generated(side), 0o750, (0, PROXY_GID))
        certificates = cluster.paths.proxy_certificates(side)
        files.make_directory(certificates, 0o750, (0, PROXY_GID))
        if side is Side.PUBLIC or cluster.settings.internal_tls is not InternalTls.NONE:
            placeholder.ensure(certificates, PROXY_GID, cluster.clock())


def _accept(cluster: Cluster, desired: Desired) -> None:
    """Keep a copy of every valid file: it keeps the host names served while the file is invalid."""
    for side in cluster.settings.sides:
        mine = [each for each in desired.applications if each.side is side]
        known = {each.name for each in mine} | {each.name for each in desired.broken if each.side is side}
        directory = cluster.paths.accepted(side, "any").parent
        files.make_directory(directory, mode=0o700)
        for each in mine:
            files.write(cluster.paths.accepted(side, each.name), each.document.text, mode=0o600)
        for stale in directory.glob("*.yaml"):
            if stale.stem not in known:
                files.remove(stale)
