"""The JSON answers of `shoestring service`. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Annotated, Any

from installer.host.memory import HostMemory
from installer.services.add import StartedServices, WrittenServices
from installer.services.plan import ServicePlan
from installer.services.remove import RemovedServices, ServiceRemoval
from installer.services.status import ABSENT, ServiceStatus
from runtime.base.constants import MEGABYTE
from runtime.context.results import Advisory, Code, Report
from runtime.output.encoder import values
from runtime.output.json_results import FindingEntry, ReportJson, findings


@dataclass(frozen=True)
class ListedService:
    """A service in the answer of `service list`."""

    name: str
    title: str
    state: Annotated[str, "as that of an application in `status`; `absent` if it was not added"]
    present: Annotated[bool, "its application file exists"]
    used: Annotated[int, "bytes of memory; 0 if it does not run"]
    expected: Annotated[int, "bytes of memory"]
    addresses: Annotated[tuple[str, ...], "URLs, and `ADDRESS:PORT` of raw TCP"]
    problems: Annotated[tuple[FindingEntry, ...], "what is wrong in its file"]
    kept: Annotated[tuple[Path, ...], "folders that a removed service has left"]

    @classmethod
    def of(cls, status: ServiceStatus) -> ListedService:
        """Return the entry of a service."""
        return cls(
            name=status.service.name,
            title=status.service.title,
            state=status.state,
            present=status.state != ABSENT,
            used=status.used,
            expected=status.service.memory * MEGABYTE,
            addresses=status.addresses,
            problems=findings(status.problems),
            kept=status.kept,
        )


@dataclass(frozen=True)
class ServicesJson:
    """All services, and the memory of this host."""

    services: tuple[ListedService, ...]
    available: Annotated[int, "bytes of memory that a program can have"]
    total: Annotated[int, "bytes of memory"]

    @classmethod
    def of(cls, services: Iterable[ServiceStatus], memory: HostMemory) -> ServicesJson:
        """Return the result of `service list`."""
        return cls(tuple(map(ListedService.of, services)), memory.available, memory.total)


@dataclass(frozen=True)
class AddedService:
    """A service in the answer of `service add`."""

    name: str
    new: Annotated[bool, "it was not there before"]
    memory: Annotated[int, "bytes"]
    addresses: Annotated[tuple[str, ...], "URLs, and `ADDRESS:PORT` of raw TCP"]


@dataclass(frozen=True)
class WrittenFile:
    """A file in the answer of `service add`."""

    path: Annotated[PurePosixPath, "below the data directory"]
    action: Annotated[str, "`write`, `update`, or `beside` (you changed it; the new version is beside it)"]


@dataclass(frozen=True)
class ServiceAddJson(ReportJson):
    """The services that were added, and the start. With `--dry-run` nothing was, and `shown` is empty."""

    services: tuple[AddedService, ...]
    files: tuple[WrittenFile, ...]
    secrets: Annotated[tuple[str, ...], "names of new ones in `conf/secrets.yaml`"]
    folders: Annotated[tuple[PurePath, ...], "below the data directory"]
    shown: Annotated[Mapping[str, str], "new passwords for the user, by name"]

    @classmethod
    def of_plan(
        cls,
        planned: ServicePlan,
        started: StartedServices | None,
        written: WrittenServices,
        addresses: Mapping[str, tuple[str, ...]],
    ) -> ServiceAddJson:
        """Return the result of `service add`; without `started` nothing was started."""
        services = (
            AddedService(each.name, each in planned.new, each.memory * MEGABYTE, addresses.get(each.name, ()))
            for each in planned.services
        )
        return cls(
            **_report(started.report if started else None, (written.note,) if written.note else ()),
            services=tuple(services),
            files=tuple(WrittenFile("conf" / each.path, each.action.name.lower()) for each in planned.changes),
            secrets=planned.secrets,
            folders=tuple("data" / each.path for each in planned.folders),
            shown=dict(written.shown),
        )


@dataclass(frozen=True)
class ServiceRemoveJson(ReportJson):
    """The services that were removed, and the start. With `--dry-run` nothing was."""

    services: Annotated[tuple[str, ...], "their names"]
    folders: Annotated[tuple[Path, ...], "deleted for good, with `--purge`"]
    secrets: Annotated[tuple[str, ...], "names; deleted for good, with `--purge`"]
    kept: Annotated[tuple[Path, ...], "folders that stay"]

    @classmethod
    def of_removal(cls, planned: ServiceRemoval, removed: RemovedServices | None) -> ServiceRemoveJson:
        """Return the result of `service remove`; without `removed` nothing was removed."""
        return cls(
            **_report(removed.report if removed else None, removed.notes if removed else ()),
            services=tuple(each.name for each in planned.services),
            folders=planned.folders,
            secrets=planned.secrets,
            kept=planned.kept,
        )


def _report(report: Report | None, notes: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a report, with notes of the services among its warnings."""
    found = report or Report(())
    more = (Advisory(Code.SERVICE, "services", note) for note in notes)
    return values(ReportJson.of(replace(found, warnings=(*found.warnings, *more))))
