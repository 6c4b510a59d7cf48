"""The desired state, and the observed one in the engine, the proxies, the firewall and the certificates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from runtime.base.light_inputs import Place
from runtime.certificates import inventory
from runtime.certificates import plan as certificate_plan
from runtime.certificates.inventory import CertificateInventory
from runtime.certificates.plan import CertificatePlan, RenewalRequest
from runtime.context.cluster import Cluster
from runtime.context.results import Advisory, Blocked, Code
from runtime.core import dns
from runtime.core.changes import InstallHostsFile
from runtime.docker import observed as engine_state
from runtime.docker.observed import Observed
from runtime.firewall import reconcile
from runtime.firewall.changes import InstallFirewall, InstallIsolation
from runtime.proxy import install
from runtime.proxy.changes import InstallProxy
from runtime.reconcile import desired as desired_state
from runtime.reconcile import fast_path
from runtime.reconcile.desired import Desired
from runtime.reconcile.plan import blocked_removals


@dataclass(frozen=True)
class State:
    """A cluster at one moment. Each part is read once, when it is first asked for; reading changes nothing."""

    cluster: Cluster

    @cached_property
    def now(self) -> float:
        """Return the moment that certificates are judged at, in seconds since the epoch."""
        return self.cluster.clock()

    @cached_property
    def inputs(self) -> str:
        """Return a digest of the files as they were before they were read; see fast_path.py."""
        return fast_path.inputs(Place(str(self.cluster.paths.root), str(self.cluster.run.directory)))

    @cached_property
    def desired(self) -> Desired:
        """Return what the settings and application files say.

        Raises ShoestringError if the directory of application files cannot be read.
        """
        cluster = self.cluster
        # Read first: an edit in between makes the digest old, and the next run inspects everything.
        _ = self.inputs
        sources = desired_state.read(cluster.settings, cluster.paths, cluster.internal_address)
        return desired_state.build(sources, cluster.paths, cluster.run)

    @cached_property
    def observed(self) -> Observed:
        """Return what the engine reports. Raises ShoestringError if it does not answer."""
        cluster = self.cluster
        found = engine_state.observe(cluster.client, cluster.settings.instance, self.desired.networks)
        return engine_state.inspect_running(cluster.client, found) if fast_path.is_stale(cluster) else found

    @cached_property
    def inspected(self) -> Observed:
        """Return the state with each container inspected separately: the engine's list may be old."""
        return engine_state.inspect_running(self.cluster.client, self.observed)

    @cached_property
    def certificates(self) -> CertificateInventory:
        """Return the certificates that are installed and desired."""
        cluster = self.cluster
        return inventory.observe(cluster.settings, cluster.paths, cluster.run, self.desired.proxies, self.now)

    @cached_property
    def due(self) -> CertificatePlan:
        """Return what a run has to do about certificates: those that are missing."""
        return certificate_plan.plan(self.certificates, self.now, RenewalRequest(missing_only=True))

    @cached_property
    def proxies(self) -> tuple[InstallProxy, ...]:
        """Return each proxy's configuration beside the one in force; those that do not differ too."""
        paths, run = self.cluster.paths, self.cluster.run
        return tuple(InstallProxy(each, install.difference(paths, run, each)) for each in self.desired.proxies)

    @cached_property
    def dns(self) -> InstallHostsFile | None:
        """Return the change of the names of VPN clients; None if there is none."""
        return dns.difference(self.desired.hosts)

    @cached_property
    def firewall(self) -> InstallFirewall | None:
        """Return the change of the firewall; None if there is none."""
        return reconcile.difference(self.desired, self.cluster.paths, lambda: frozenset(self._bridges.values()))

    @cached_property
    def isolation(self) -> InstallIsolation | None:
        """Return the change of the isolation; None if there is none."""
        return reconcile.isolation_difference(self.desired, self.cluster.paths, self.observed, lambda: self._bridges)

    @cached_property
    def _bridges(self) -> dict[str, str]:
        """Return the names that networks give their bridges; asked for only where one is unclear."""
        return engine_state.bridges(self.cluster.client)

    @cached_property
    def blocked(self) -> tuple[Blocked, ...]:
        """Return what is not done until the user has acted."""
        desired = self.desired
        return (*desired.blocked, *blocked_removals(desired, self.observed), *self.certificates.problems)

    @cached_property
    def waiting_certificates(self) -> tuple[Advisory, ...]:
        """Return the certificates that cannot be asked for yet, such as those whose DNS does not point here."""
        return tuple(
            Advisory(Code.CERTIFICATE_DEFERRED, each.certificate.name, str(each)) for each in self.due.deferred
        )
