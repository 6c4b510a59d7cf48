"""The screens of `upgrade` and `prune`."""

from __future__ import annotations

from installer.services.postgres.prune import UnusedData
from installer.services.postgres.upgrade import UpgradeResult
from installer.services.postgres.upgrade_job import UpgradeJob
from runtime.base.formats import size
from runtime.output.report import indent


def job_lines(job: UpgradeJob, *, present: bool) -> list[str]:
    """Return what an upgrade would do."""
    pull = "" if present else "  not on this host yet"
    return [
        f"  ~ postgres  version {job.before} → {job.after}",
        f"    image     {job.data.service.image} → {job.image}{pull}",
        f"    data      {job.data.folder} → {job.folder}",
        f"    size      {size(job.size)} in {len(job.databases)} databases; {size(job.free)} are free",
        "    Postgres is not reachable meanwhile. All rows are counted on both sides; the old data stay.",
    ]


def upgraded_lines(upgraded: UpgradeResult) -> list[str]:
    """Return the result, and what to do."""
    job = upgraded.job
    notes = [f"    {each}" for each in upgraded.notes]
    if upgraded.ok:
        about = f"{upgraded.tables} tables with {upgraded.rows} rows are the same"
        return [f"  ✓ postgres has version {job.after}: {about}  {upgraded.seconds:.1f} s", *notes]
    lines = [f"  ✗ postgres does not run with {job.image}", indent(upgraded.error)]
    lines += [f"      | {line}" for line in upgraded.lines]
    if upgraded.back:
        lines += [f"  Version {job.before} does not serve yet either. See: shoestring status", indent(upgraded.back)]
    else:
        lines.append(f"  Version {job.before} serves again with all its data, and the file is as it was.")
    return [*lines, *notes, f"  Try again: {job.again}"]


def old_lines(old: UnusedData) -> list[str]:
    """Return what is deleted for good."""
    return [f"  - {old.folder}  {size(old.size)}"]
