"""The JSON answers of `shoestring postgres`. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from installer.services.postgres.databases import CreatedDatabase
from installer.services.postgres.prune import UnusedData
from installer.services.postgres.upgrade import UpgradeResult
from installer.services.postgres.upgrade_job import UpgradeJob


@dataclass(frozen=True)
class DatabaseJson:
    """A database of an application."""

    name: str
    url: Annotated[str | None, "with the password; null with `--dry-run`, where it is not set"]
    secrets: Annotated[tuple[str, ...], "names in `conf/secrets.yaml`"]
    done: Annotated[
        tuple[str, ...], "what was created or corrected, or would be with `--dry-run`; empty if nothing was"
    ]

    @classmethod
    def of(cls, created: CreatedDatabase, *, dry_run: bool) -> DatabaseJson:
        """Return the result of `postgres create`."""
        access = created.access
        secrets = (access.url_secret, access.password_secret)
        return cls(access.name, None if dry_run else access.url, secrets, created.done)


@dataclass(frozen=True)
class _UpgradeJson:
    """The keys that both answers about an upgrade have."""

    before: Annotated[int, "major version"]
    after: Annotated[int, "major version"]
    image: Annotated[str, "of the new version"]
    previous_image: str
    folder: Annotated[Path, "with the data of the new version"]
    previous_folder: Path
    databases: tuple[str, ...]
    size: Annotated[int, "bytes of data"]
    free: Annotated[int, "bytes that the disk has free"]


@dataclass(frozen=True)
class UpgradePreviewJson(_UpgradeJson):
    """An upgrade that would be done."""

    present: Annotated[bool, "the image is on this host"]

    @classmethod
    def of(cls, job: UpgradeJob, *, present: bool) -> UpgradePreviewJson:
        """Return the result of `postgres upgrade --dry-run`."""
        return cls(
            before=job.before,
            after=job.after,
            image=job.image,
            previous_image=job.data.service.image,
            folder=job.folder,
            previous_folder=job.data.folder,
            databases=job.databases,
            size=job.size,
            free=job.free,
            present=present,
        )


@dataclass(frozen=True)
class UpgradeJson(_UpgradeJson):
    """An upgrade."""

    ok: Annotated[bool, "the new version runs"]
    tables: Annotated[int, "number of tables, the same before and after"]
    rows: Annotated[int, "number of rows in all tables, the same before and after"]
    error: Annotated[str, "why the new version does not run; empty if it does"]
    lines: Annotated[tuple[str, ...], "the last lines of the container of the new version"]
    back: Annotated[bool | None, "whether the old version serves again; null if the new one runs"]
    notes: tuple[str, ...]
    seconds: Annotated[float, "duration"]

    @classmethod
    def of(cls, upgraded: UpgradeResult) -> UpgradeJson:
        """Return the result of `postgres upgrade`."""
        job = upgraded.job
        return cls(
            before=job.before,
            after=job.after,
            image=job.image,
            previous_image=job.data.service.image,
            folder=job.folder,
            previous_folder=job.data.folder,
            databases=job.databases,
            size=job.size,
            free=job.free,
            ok=upgraded.ok,
            tables=upgraded.tables,
            rows=upgraded.rows,
            error=upgraded.error,
            lines=upgraded.lines,
            back=None if upgraded.ok else not upgraded.back,
            notes=tuple(note for note in upgraded.notes if note),
            seconds=upgraded.seconds,
        )


@dataclass(frozen=True)
class UpgradeUnneededJson:
    """The version that was asked for already runs."""

    ok: Annotated[bool, "always true"]
    before: Annotated[int, "major version"]
    after: Annotated[int, "major version, the same"]

    @classmethod
    def of(cls, version: int) -> UpgradeUnneededJson:
        """Return the result of `postgres upgrade` where nothing is to be done."""
        return cls(ok=True, before=version, after=version)


@dataclass(frozen=True)
class UnusedDataJson:
    """Data that Postgres no longer uses."""

    folder: Path
    size: Annotated[int, "bytes"]
    removed: Annotated[bool, "false with `--dry-run`"]

    @classmethod
    def of(cls, unused: UnusedData, *, removed: bool) -> UnusedDataJson:
        """Return the result of `postgres prune`."""
        return cls(unused.folder, unused.size, removed)
