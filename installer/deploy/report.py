"""The screens of deploy, rollback and history."""

from __future__ import annotations

from datetime import datetime

from installer.applications.target import ApplicationService
from installer.deploy.history import Deployment
from installer.deploy.run import DeployPreview, DeployResult, unchanged
from runtime.output.report import indent

NAME_WIDTH = 20


def deployed_lines(deployed: DeployResult) -> list[str]:
    """Return how it ended, and what to do if it did not end well."""
    job = deployed.job
    name = job.target.name
    lines = [f"    {note}" for note in deployed.notes]
    if deployed.ok:
        what = f"{name} runs {job.image}" if job.is_change else f"{name} has {job.image} already"
        rest = "" if deployed.changed or job.is_change else "; nothing to do"
        lossless = ", no request lost" if deployed.steps else ""
        lines += [f"  ✓ {what}{rest}  {deployed.seconds:.1f} s{lossless}"]
        if deployed.removed:
            lines.append(f"    removed old images: {', '.join(deployed.removed)}")
        return lines
    if all(step.ok for step in deployed.steps):
        lines.append(f"  ✗ {name} does not run with {job.image}")
        lines.append(indent(deployed.error))
    lines += [f"      | {line}" for line in deployed.lines]
    lines.append(f"  {_how_it_is(deployed)}")
    lines.append(f"  Try again: {job.again}")
    return lines


def _how_it_is(deployed: DeployResult) -> str:
    job, back = deployed.job, deployed.back
    name, image, file = job.target.name, job.target.image, job.target.file.name
    if back is None:
        return f"Its file is as it was: {file}."
    if back.error:
        return f"{file} has {image} again, which does not run either. See: shoestring status\n{indent(back.error)}"
    if back.changed:
        return f"{name} runs {image} again; {file} is as it was."
    return unchanged(job)


def preview_lines(preview: DeployPreview) -> list[str]:
    """Return what a deploy would do."""
    job = preview.job
    pull = "" if preview.present else "  not on this host yet"
    if job.is_change:
        about = f"image {job.target.image} → {job.image}  {job.target.order}{pull}"
        return [f"  ~ {job.target.name:<{NAME_WIDTH}}  {about}", f"  1 change. Apply: {job.again}"]
    lines = [f"  {job.target.name} has {job.image} already."]
    lines += [f"  {each.sign} {each.name:<{NAME_WIDTH}}  {each.about}" for each in preview.plan]
    return lines if preview.plan else [*lines, "  Nothing to do."]


def history_lines(history: tuple[Deployment, ...], target: ApplicationService) -> list[str]:
    """Return the deployments, the newest first, the current one marked."""
    lines = []
    present = current(history, target)
    if present is None:
        lines.append(f"  * {'-':>3}  {'not committed':<19}  {'edit':<8}  {target.image}")
    for each in reversed(history):
        mark = "*" if each is present else " "
        lines.append(f"  {mark} {each.number:>3}  {_moment(each.when)}  {each.kind:<8}  {each.image}")
    return lines


def current(history: tuple[Deployment, ...], target: ApplicationService) -> Deployment | None:
    """Return the deployment that the file has now; None if its image is not committed."""
    return history[-1] if history and history[-1].image == target.image else None


def _moment(when: datetime) -> str:
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S")
