"""A snapshot of a cluster: its desired and observed state, and the plan between them."""

from __future__ import annotations

from functools import cached_property

from runtime.context.change import ApplyContext, Plan
from runtime.context.results import PlanReport
from runtime.reconcile.planners import PLANNERS
from runtime.reconcile.state import State


class Snapshot(State):
    """The state of a cluster at one moment, and the changes to make. After a change, take a new snapshot."""

    @cached_property
    def plan(self) -> Plan:
        """Return the ordered changes that this host makes without a certificate authority."""
        return tuple(change for planner in PLANNERS for change in planner(self))

    @property
    def changes(self) -> Plan:
        """Return all changes, also certificates that an authority must sign."""
        return (*self.plan, *self.due.remote)

    @property
    def report(self) -> PlanReport:
        """Return what is to be done and what is wrong, as a plan shows it."""
        warnings = (*self.desired.warnings, *self.desired.host_access, *self.waiting_certificates)
        return PlanReport(self.changes, self.desired.problems, warnings, self.blocked, bool(self.due.remote))

    @property
    def context(self) -> ApplyContext:
        """Return what its changes are applied with, while the instance's lock is held."""
        return ApplyContext(self.cluster, self.desired.variables)
