"""A deploy, from the pull to the commit.

The application's file is the desired state at each moment: if a deploy is killed, the next run of the watchdog
applies the file as it is then.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from installer.applications import target
from installer.applications.commit import commit_user_edit
from installer.applications.target import ApplicationService
from installer.applications.trial import ApplyAttempt, attempt, require_proxies, restricted
from installer.deploy import record, retention
from installer.deploy.history import DeploymentKind
from installer.deploy.job import DeployJob
from installer.deploy.steps import DeploySteps
from installer.images import refresh
from installer.images.refresh import RefreshedImage
from runtime.base import files
from runtime.base.errors import DEBUG_VARIABLE, ShoestringError, explain
from runtime.base.failpoints import failpoint
from runtime.context.change import SILENT, Listener, Plan, Step
from runtime.context.cluster import Cluster
from runtime.docker.observed import observe
from runtime.reconcile.snapshot import Snapshot

# Prepares the engine of this host for the pull of an image, given by its reference.
BeforePull = Callable[[Cluster, str], None]


def do_nothing(_cluster: Cluster, _image: str) -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class DeployResult:
    """The result of a deploy.

    `error` says why the new version does not run, and is empty if it does; `lines` are the last that its container
    printed. `steps` are those of the rollout, if there was one. `back` is the trial of the old version, where it was
    put back. `notes` need little or no action.
    """

    job: DeployJob
    fetched: RefreshedImage
    seconds: float
    changed: bool
    error: str = ""
    lines: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    back: ApplyAttempt | None = None
    removed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Return whether the new version runs."""
        return not self.error


@dataclass(frozen=True)
class DeployPreview:
    """The plan of a deploy: `present` is whether the image is on this host, `plan` what differs already."""

    job: DeployJob
    present: bool
    plan: Plan


def find(cluster: Cluster, name: str, service: str = "") -> ApplicationService:
    """Return the service to deploy, as its file has it now. Raises as target.find."""
    return target.find(Snapshot(cluster).desired, name, service)


def preview(cluster: Cluster, job: DeployJob) -> DeployPreview:
    """Return what a deploy would do. Changes nothing. Raises ShoestringError if it cannot work."""
    # Called only because it raises an error.
    _ = job.edited
    view = Snapshot(cluster)
    require_proxies(view)
    present = refresh.is_here(cluster.client, job.image, cluster.settings.images.source)
    return DeployPreview(job, present, restricted(view.plan, job.target.name))


def deploy(
    cluster: Cluster,
    job: DeployJob,
    steps: DeploySteps,
    timeout: float = 0.0,
    *,
    before_pull: BeforePull = do_nothing,
) -> DeployResult:
    """Give a service another image: pull, edit the file, apply, commit, and remove what is old.

    If the new version does not run, the file goes back as it was, and the old version continues or is started again.
    `timeout` is how long to wait for the lock, in seconds. `before_pull` prepares the engine for the image. Raises
    ShoestringError if nothing was changed.
    """
    started = time.monotonic()
    # Report what cannot work before a long pull.
    edited = job.edited
    require_proxies(Snapshot(cluster))
    fetched = _fetch(cluster, job, steps, before_pull)
    with files.lock(cluster.run.lock, timeout, steps.waiting):
        if find(cluster, job.target.name, job.target.service).text != job.target.text:
            raise ShoestringError(
                f"{job.target.file} has changed meanwhile; nothing was done. Try again: {job.again}"
            )
        return _roll_out(cluster, job, edited, fetched, steps, started)


def _fetch(cluster: Cluster, job: DeployJob, steps: DeploySteps, before_pull: BeforePull) -> RefreshedImage:
    back = job.kind is DeploymentKind.ROLLBACK
    before_pull(cluster, job.image)
    try:
        fetched = refresh.fetch(
            cluster.client, job.image, cluster.settings.images.source, steps.pulling, only_if_missing=back
        )
    except ShoestringError as error:
        steps.not_fetched(job.image)
        raise ShoestringError(f"{error}\n{unchanged(job)}") from error
    steps.fetched(fetched)
    return fetched


def unchanged(job: DeployJob) -> str:
    """Return the sentence after a failure that changed nothing."""
    return f"{job.target.name} still runs {job.target.image}; nothing was changed."


def _roll_out(
    cluster: Cluster, job: DeployJob, edited: str, fetched: RefreshedImage, steps: DeploySteps, started: float
) -> DeployResult:
    # First, so that the deploy's own commit has nothing else in it.
    refused = commit_user_edit(cluster.paths.conf, job.target.file, job.target.name) if job.is_change else ""
    failpoint("deploy-begun")
    trial = _try(cluster, job, edited, steps)
    if trial.error:
        return _go_back(cluster, job, trial, fetched, steps, started)
    failpoint("deploy-applied")
    if not refused:
        refused = record.job(cluster.paths, job) if job.is_change else record.unfinished(cluster.paths, job)
    failpoint("deploy-committed")
    removed = () if refused else retention.remove_old(cluster, job.target)
    notes = tuple(note for note in (*trial.notes, refused, _moved(cluster, job)) if note)
    seconds = time.monotonic() - started
    return DeployResult(job, fetched, seconds, trial.changed, steps=tuple(steps.taken), removed=removed, notes=notes)


def _moved(cluster: Cluster, job: DeployJob) -> str:
    """Return a sentence if an image of the same name is another one than before: no file has such a change."""
    if job.is_change:
        return ""
    mine = observe(cluster.client, cluster.settings.instance).of(job.target.name)
    ids = tuple(each.id for each in mine if each.service == job.target.service)
    try:
        digest = refresh.moved(cluster.client, job.image, cluster.settings.images.source, ids)
    except ShoestringError:
        return ""  # A container or an image was removed at this moment; the deploy is complete anyway.
    if not digest:
        return ""
    return (
        f"The registry has another image as {job.image} now; the containers keep theirs. "
        f"To roll it out: shoestring deploy {job.target.name} --image {digest}"
    )


def _try(cluster: Cluster, job: DeployJob, edited: str, steps: DeploySteps) -> ApplyAttempt:
    """Write the new image into the file and apply it. On an interrupt the file is restored
    at once, the containers at the next run of the watchdog."""
    try:
        return _apply(cluster, job, edited, steps, "deploy-edited")
    except KeyboardInterrupt:
        _write(job.target, job.target.text)
        raise ShoestringError(
            f"Interrupted. {job.target.file} is as it was; the watchdog restores the old version, or: "
            "shoestring start"
        ) from None


def _go_back(
    cluster: Cluster, job: DeployJob, trial: ApplyAttempt, fetched: RefreshedImage, steps: DeploySteps, started: float
) -> DeployResult:
    back = None
    if job.is_change:
        steps.rolling_back(job)
        failpoint("deploy-failed")
        back = _apply(cluster, job, job.target.text, SILENT, "deploy-restored")
    seconds = time.monotonic() - started
    return DeployResult(
        job, fetched, seconds, trial.changed, trial.error, trial.lines, tuple(steps.taken), back, notes=trial.notes
    )


def _apply(cluster: Cluster, job: DeployJob, text: str, listener: Listener, point: str) -> ApplyAttempt:
    """Write the file and apply it; any error is a part of what became of it."""
    try:
        _write(job.target, text)
        failpoint(point)
        return attempt(cluster, job.target.name, job.target.service, listener)
    except Exception as error:
        if DEBUG_VARIABLE in os.environ:
            raise
        return ApplyAttempt(changed=True, error=explain(error)[0])


def _write(target_service: ApplicationService, text: str) -> None:
    files.write(target_service.file, text, target_service.file.stat().st_mode & 0o7777)
