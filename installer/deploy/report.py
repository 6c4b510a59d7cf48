"""What deploy, rollback and deployments answer, as text or JSON; docs/json.md has the keys."""

from __future__ import annotations

from datetime import datetime

from installer.applications.target import ApplicationService
from installer.deploy.history import Deployment
from installer.deploy.run import DeployPreview, DeployResult, unchanged
from runtime.output.encoder import as_json
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


def deployed_json(deployed: DeployResult) -> str:
    """Return the answer of deploy and rollback."""
    job = deployed.job
    return as_json(
        ok=deployed.ok,
        **_target(job.target),
        image=job.image,
        previous_image=job.target.image,
        kind=job.kind,
        order=job.target.order,
        pulled=deployed.fetched.pulled,
        changed=deployed.changed,
        steps=[
            {"name": each.name, "about": each.about, "ok": each.ok, "seconds": each.seconds}
            for each in deployed.steps
        ],
        error=deployed.error,
        lines=list(deployed.lines),
        back=None if deployed.back is None else not deployed.back.error,
        removed_images=list(deployed.removed),
        notes=[*([deployed.fetched.note] if deployed.fetched.note else []), *deployed.notes],
        seconds=deployed.seconds,
    )


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


def preview_json(preview: DeployPreview) -> str:
    """Return the answer of deploy --dry-run and rollback --dry-run."""
    job = preview.job
    return as_json(
        **_target(job.target),
        image=job.image,
        previous_image=job.target.image,
        kind=job.kind,
        order=job.target.order,
        present=preview.present,
        changed=job.is_change or bool(preview.plan),
    )


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


def history_json(history: tuple[Deployment, ...], target: ApplicationService) -> str:
    """Return the answer of deployments."""
    present = current(history, target)
    return as_json(
        **_target(target),
        image=target.image,
        committed=present is not None,
        deployments=[
            {
                "number": each.number,
                "when": each.when,
                "image": each.image,
                "kind": each.kind,
                "current": each is present,
            }
            for each in reversed(history)
        ],
    )


def _moment(when: datetime) -> str:
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _target(target: ApplicationService) -> dict[str, object]:
    return {"application": target.name, "service": target.service}
