"""Apply one application as in its file, and return whether it runs."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from runtime.base import printed
from runtime.base.errors import ShoestringError
from runtime.config import secrets
from runtime.context.change import Change, Listener, Plan, Sign
from runtime.context.cluster import Cluster
from runtime.context.results import Report
from runtime.docker.observed import observe
from runtime.docker.projects import CORE, Project
from runtime.proxy.changes import InstallProxy
from runtime.reconcile import operations
from runtime.reconcile.changes import CreateNetwork
from runtime.reconcile.snapshot import Snapshot
from runtime.rollout.apply_project import ApplyProject
from runtime.rollout.start_first import RolloutError

TAIL_LINES = 12


@dataclass(frozen=True)
class ApplyAttempt:
    """The result: whether anything was changed, why it does not run, and the last lines of its container's log."""

    changed: bool
    error: str = ""
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def require_proxies(view: Snapshot) -> None:
    """Raise ShoestringError if the instance is stopped, or was never started: then nothing can be rolled out."""
    if any(isinstance(each, ApplyProject) and each.name == CORE and each.sign is Sign.NEW for each in view.plan):
        raise ShoestringError(
            "The proxies do not run, so nothing was changed. Start everything first: shoestring start"
        )


def restricted(plan: Plan, name: str) -> Plan:
    """Return the part of a plan that one application needs: its own changes, networks and proxies. Pure."""
    return tuple(each for each in plan if each.name == name or isinstance(each, CreateNetwork | InstallProxy))


def attempt(cluster: Cluster, name: str, service: str, listener: Listener) -> ApplyAttempt:
    """Apply one application and wait until it runs and serves. The lock must be held.

    Raises ShoestringError if it cannot be tried, such as without an engine.
    """
    view = Snapshot(cluster)
    require_proxies(view)
    report = operations.carry_out(view, listener, restricted(view.plan, name))
    error, lines = explain_failure(report, name)
    project = next((each for each in view.desired.projects if each.application == name), None)
    return ApplyAttempt(
        changed=any(_is_of_application(outcome.change, name) for outcome in report.outcomes),
        error=error,
        lines=lines or (_last_lines(cluster, project, service) if error and project else ()),
        notes=tuple(
            f"{each.change.name}: {each.error}"
            for each in report.outcomes
            if not each.ok and each.change.name != name
        ),
    )


def explain_failure(report: Report, name: str) -> tuple[str, tuple[str, ...]]:
    """Return why an application does not run, and the last lines of a container that its rollout removed. Pure."""
    failed = [each for each in report.outcomes if not each.ok and _is_of_application(each.change, name)]
    errors = [each.failure.summary if isinstance(each.failure, RolloutError) else each.error for each in failed]
    errors += [f"{each.message} {each.advice}".strip() for each in report.failures if each.subject == name]
    rollouts = [each.failure for each in failed if isinstance(each.failure, RolloutError)]
    return "\n".join(errors), tuple(line for each in rollouts for line in each.lines)


def _is_of_application(change: Change, name: str) -> bool:
    return change.name == name


def _last_lines(cluster: Cluster, project: Project, service: str) -> tuple[str, ...]:
    """Return the last lines of the newest container of the service, if it still exists."""
    from docker.errors import DockerException

    definition = next((each.definition for each in project.services if each.name == service), "")
    containers = observe(cluster.client, cluster.settings.instance).of(project.application)
    mine = next((each for each in containers if each.service == service and each.definition == definition), None)
    if mine:
        with contextlib.suppress(DockerException):
            known = secrets.load(cluster.paths.secrets).values()
            return printed.lines(cluster.client.api.logs(mine.id, tail=TAIL_LINES), known)
    return ()
