"""Start, stop, reload, plan and status: the same for a person's door, for boot and for timers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runtime.base import files
from runtime.base.errors import Problem, UsageError
from runtime.base.light_inputs import Place
from runtime.base.paths import Side
from runtime.certificates import inventory, overview
from runtime.certificates import plan as certificate_plan
from runtime.certificates.inventory import CertificateInventory
from runtime.certificates.manager import CertificateManager
from runtime.certificates.overview import CertificateStatus
from runtime.certificates.plan import CertificatePlan, RenewalRequest
from runtime.certificates.store import placeholder
from runtime.config import vpn_configuration
from runtime.config.sections import InternalTls
from runtime.context.cluster import Cluster
from runtime.core import dns
from runtime.docker import observed
from runtime.docker.observed import Observed, asked, observe
from runtime.docker.projects import Project
from runtime.firewall import keep
from runtime.proxy import install
from runtime.proxy.container import PROXY_GID, PROXY_UID, proxy_image
from runtime.proxy.model import ProxyModel
from runtime.reconcile import fast_path
from runtime.reconcile.apply import Listener, Outcome, Tools, apply
from runtime.reconcile.changes import ApplyProject, InstallProxy, IssueCertificate, Plan
from runtime.reconcile.desired import Desired, build, read
from runtime.reconcile.plan import ProxyDifference, plan_start, plan_stop, refused_removals
from runtime.reconcile.status import Status, assess
from runtime.reconcile.wait import Failure, settle

if TYPE_CHECKING:
    from runtime.rollout.site import Site


SILENT = Listener()


@dataclass(frozen=True)
class View:
    """Desired and observed beside each other, and the plan between them.

    `inputs` is a digest of the files as they were before they were read; see fast_path.py. `certificates`
    are those that are there and wanted; `due` is what a pass has to do about them (`due.local` is part of the plan).
    """

    desired: Desired
    observed: Observed
    plan: Plan
    refused: tuple[str, ...]
    inputs: str
    certificates: CertificateInventory
    due: CertificatePlan

    @property
    def changes(self) -> Plan:
        """All that is to be done, certificates that others must sign too."""
        return (*self.plan, *self.due.remote)


@dataclass(frozen=True)
class Report:
    """What a changing command did, and what is wrong.

    `problems` are in the files, `failures` in what was applied, `refused` are sentences about what was not done.
    `expiring` are certificates that a renewal left about to expire; `refused` has a sentence about each.
    """

    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    refused: tuple[str, ...] = ()
    expiring: tuple[CertificateStatus, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all of it worked and no file is broken."""
        wrong = self.problems or self.failures or self.refused
        return not wrong and all(outcome.ok for outcome in self.outcomes)


def look(cluster: Cluster) -> View:
    """Read the files, ask the engine, and plan. Changes nothing."""
    inputs = fast_path.inputs(Place(str(cluster.paths.root), str(cluster.run.directory)))
    sources = read(cluster.settings, cluster.paths, cluster.internal_address)
    desired = build(sources, cluster.paths, cluster.run)
    seen = observe(cluster.client, cluster.settings.instance, desired.networks)
    if fast_path.is_stale(cluster):
        seen = asked(cluster.client, seen)
    wall = keep.difference(desired, cluster.paths, lambda: observed.bridges(cluster.client))
    differences = tuple(_difference(cluster, model) for model in desired.proxies)
    started = plan_start(desired, seen, differences, dns.difference(desired.hosts))
    now = cluster.clock()
    certificates = inventory.observe(cluster.settings, cluster.paths, cluster.run, desired.proxies, now)
    due = certificate_plan.plan(certificates, now, RenewalRequest(missing_only=True))
    issues = tuple(each for each in due.local if isinstance(each, IssueCertificate))
    upkeep = tuple(each for each in due.local if each not in issues)
    refused = (*desired.unserved, *refused_removals(desired, seen), *certificates.problems)
    # The firewall before anything is published, certificates of our own making before the proxies start with them.
    plan = (*([wall] if wall else ()), *issues, *started, *upkeep)
    return View(desired, seen, plan, refused, inputs, certificates, due)


def _difference(cluster: Cluster, model: ProxyModel) -> ProxyDifference:
    found = install.difference(cluster.paths, cluster.run, model)
    return ProxyDifference(model.side, str(found), found.inputs, found.lost)


def start(cluster: Cluster, listener: Listener = SILENT, timeout: float = 0.0) -> Report:
    """Make everything run as the files say. `timeout` is how long to wait for the lock, in seconds."""
    with files.lock(cluster.run.lock, timeout, listener.waiting):
        files.remove(cluster.run.stopped)
        files.remove(cluster.run.attempts)
        return carry_out(cluster, look(cluster), listener)


def carry_out(cluster: Cluster, view: View, listener: Listener) -> Report:
    """Make the changes of a plan and wait for them. The lock must be held."""
    _make_directories(cluster)
    outcomes = apply(view.plan, tools(cluster, view.desired), listener)
    _accept(cluster, view.desired)
    applied = tuple(each.change.project for each in outcomes if each.ok and isinstance(each.change, ApplyProject))
    failures = settle(cluster.client, cluster.run, view.desired, applied)
    if not failures and all(outcome.ok for outcome in outcomes):
        fast_path.save(cluster, look(cluster))
    return Report(outcomes, view.desired.problems, view.desired.notes, failures, view.refused)


def stop(cluster: Cluster, listener: Listener = SILENT, timeout: float = 0.0) -> Report:
    """Stop and remove all containers of the instance, then its networks. Data and files stay.

    The watchdog leaves it like that until the next start.
    """
    with files.lock(cluster.run.lock, timeout, listener.waiting):
        files.write(cluster.run.stopped, "")
        return Report(apply(stop_plan(cluster), tools(cluster, None), listener))


def stop_plan(cluster: Cluster) -> Plan:
    """What stop would do."""
    return plan_stop(observe(cluster.client, cluster.settings.instance), cluster.settings.instance)


def reload(
    cluster: Cluster,
    sides: tuple[Side, ...],
    listener: Listener = SILENT,
    timeout: float = 0.0,
    *,
    force: bool = False,
) -> Report:
    """Render the proxies' configuration again, check it, install it, and have those that run load it.

    With `force` they load it also where nothing changed, such as for a certificate that a person put there.
    Raises UsageError for a side that is off.
    """
    with files.lock(cluster.run.lock, timeout, listener.waiting):
        view = look(cluster)
        outcomes = apply(_installs(view, sides, force=force), tools(cluster, view.desired), listener)
    return Report(outcomes, view.desired.problems, view.desired.notes)


def reload_plan(cluster: Cluster, sides: tuple[Side, ...], *, force: bool = False) -> Plan:
    """What reload would do."""
    return _installs(look(cluster), sides, force=force)


def _installs(view: View, sides: tuple[Side, ...], *, force: bool) -> Plan:
    off = [side for side in sides if side not in view.desired.settings.sides]
    if off and len(sides) == 1:
        raise UsageError(f"The {off[0]} side is off; it has no proxy. Switch it on in conf/shoestring.yaml.")
    planned = {each.side: each.about for each in view.plan if isinstance(each, InstallProxy)}
    wanted = [model.side for model in view.desired.proxies if model.side in sides]
    return tuple(
        InstallProxy(side, planned.get(side, "load again"), force) for side in wanted if force or side in planned
    )


def status(cluster: Cluster) -> Status:
    """What runs, since when, and what is wrong. Changes nothing."""
    desired = build(read(cluster.settings, cluster.paths, cluster.internal_address), cluster.paths, cluster.run)
    seen = asked(cluster.client, observe(cluster.client, cluster.settings.instance))
    now = cluster.clock()
    certificates = inventory.observe(cluster.settings, cluster.paths, cluster.run, desired.proxies, now)
    walled = keep.is_kept(desired, cluster.paths)
    found = assess(desired, seen, overview.assess(certificates, now), walled=walled)
    return replace(
        found,
        notes=(*found.notes, *keep.notes(desired, cluster.paths)),
        problems=(*found.problems, *vpn_configuration.problems(desired.settings, cluster.paths)),
    )


def _make_directories(cluster: Cluster) -> None:
    """What the proxies' containers mount; after a reboot the engine may have made it, as root's."""
    proxy = (PROXY_UID, PROXY_GID)
    for side in cluster.settings.sides:
        files.make_directory(cluster.run.proxy(side), 0o750, proxy)
        files.make_directory(cluster.paths.proxy_generated(side), 0o750, (0, PROXY_GID))
        certificates = cluster.paths.proxy_certificates(side)
        files.make_directory(certificates, 0o750, (0, PROXY_GID))
        if side is Side.PUBLIC or cluster.settings.internal_tls is not InternalTls.NONE:
            placeholder.ensure(certificates, PROXY_GID, cluster.clock())


def tools(
    cluster: Cluster, desired: Desired | None, guard: Callable[[], AbstractContextManager[None]] = nullcontext
) -> Tools:
    """What applying needs. `guard` holds the lock for changes of certificates where it is not held anyway."""
    models = {model.side: model for model in desired.proxies} if desired else {}

    def install_proxy(side: Side, force: bool) -> str:
        prepared = install.prepare(cluster.paths, models[side], proxy_image(cluster.settings), cluster.client)
        reloaded = install.reload(cluster.paths, cluster.run, side, force=force).reloaded
        parts = [str(prepared.change), "loaded" if reloaded else "", *(each.text for each in prepared.warnings)]
        return ", ".join(part for part in parts if part)

    loaded = {each.name: each for each in desired.applications} if desired else {}

    def site(project: Project, run: Callable[[tuple[str, ...]], None]) -> Site | None:
        from runtime.rollout.site import Site

        application = loaded.get(project.application)
        if application is None:
            return None
        master = cluster.run.master_socket(application.side)
        configuration = install.text(cluster.paths, application.side)
        return Site(cluster.client, master, run, project, application, configuration)

    return Tools(
        client=cluster.client,
        instance=cluster.settings.instance,
        variables=desired.variables if desired else {},
        install_proxy=install_proxy,
        site=site,
        certificate=CertificateManager(
            cluster.client, cluster.paths, cluster.run, cluster.settings, cluster.clock, guard
        ).apply,
    )


def _accept(cluster: Cluster, desired: Desired) -> None:
    """Keep a copy of every sound file: it keeps the host names served while the file is broken."""
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
