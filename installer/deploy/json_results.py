"""The JSON answers of deploy, rollback and history. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from installer.applications.target import ApplicationService
from installer.deploy.history import Deployment, DeploymentKind
from installer.deploy.run import DeployPreview, DeployResult
from runtime.config.applications import Order
from runtime.context.change import Step


@dataclass(frozen=True)
class DeployJson:
    """A deploy or rollback."""

    ok: Annotated[bool, "the new version runs"]
    application: str
    service: str
    image: Annotated[str, "the new one, as the file has it"]
    previous_image: Annotated[str, "the same where the file had the image already"]
    kind: Annotated[DeploymentKind, "`deploy` or `rollback`"]
    order: Order
    pulled: Annotated[bool, "a registry had the image; else it was on the host"]
    changed: Annotated[bool, "containers were changed"]
    steps: Annotated[tuple[Step, ...], "of a rollout beside the old version; none where Compose made the change"]
    error: Annotated[str, "why the new version does not run; empty if it does"]
    lines: Annotated[tuple[str, ...], "the last lines of its container"]
    back: Annotated[bool | None, "whether the old version runs after a failure; null where it was not put back"]
    removed_images: Annotated[tuple[str, ...], "old images that were removed"]
    notes: Annotated[tuple[str, ...], "what needs little or no action"]
    seconds: Annotated[float, "duration, including the pull"]

    @classmethod
    def of(cls, deployed: DeployResult) -> DeployJson:
        """Return the result of `deploy` and `rollback`."""
        job = deployed.job
        note = deployed.fetched.note
        return cls(
            ok=deployed.ok,
            application=job.target.name,
            service=job.target.service,
            image=job.image,
            previous_image=job.target.image,
            kind=job.kind,
            order=job.target.order,
            pulled=deployed.fetched.pulled,
            changed=deployed.changed,
            steps=deployed.steps,
            error=deployed.error,
            lines=deployed.lines,
            back=None if deployed.back is None else not deployed.back.error,
            removed_images=deployed.removed,
            notes=(*((note,) if note else ()), *deployed.notes),
            seconds=deployed.seconds,
        )


@dataclass(frozen=True)
class DeployPreviewJson:
    """A deploy or rollback that would be done."""

    application: str
    service: str
    image: Annotated[str, "the new one, as the file would have it"]
    previous_image: Annotated[str, "the same where the file has the image already"]
    kind: Annotated[DeploymentKind, "`deploy` or `rollback`"]
    order: Order
    present: Annotated[bool, "the image is on the host"]
    changed: Annotated[bool, "anything would be changed"]

    @classmethod
    def of(cls, preview: DeployPreview) -> DeployPreviewJson:
        """Return the result of `deploy --dry-run` and `rollback --dry-run`."""
        job = preview.job
        return cls(
            application=job.target.name,
            service=job.target.service,
            image=job.image,
            previous_image=job.target.image,
            kind=job.kind,
            order=job.target.order,
            present=preview.present,
            changed=job.is_change or bool(preview.plan),
        )


@dataclass(frozen=True)
class DeploymentEntry:
    """A deployment."""

    number: Annotated[int, "counted from 1, the oldest"]
    when: Annotated[datetime, "RFC 3339"]
    image: str
    kind: DeploymentKind
    current: Annotated[bool, "the file has this image now"]


@dataclass(frozen=True)
class HistoryJson:
    """The deployments of an application."""

    application: str
    service: str
    image: Annotated[str, "as the file has it now"]
    committed: Annotated[bool, "the history has that image as its last"]
    deployments: Annotated[tuple[DeploymentEntry, ...], "the newest first"]

    @classmethod
    def of(
        cls, history: tuple[Deployment, ...], target: ApplicationService, current: Deployment | None
    ) -> HistoryJson:
        """Return the result of `history`; `current` is the deployment that the file has now, if it is committed."""
        entries = (
            DeploymentEntry(each.number, each.when, each.image, each.kind, each is current)
            for each in reversed(history)
        )
        return cls(target.name, target.service, target.image, current is not None, tuple(entries))
