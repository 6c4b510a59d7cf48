"""The JSON answers of `shoestring service`, as types; docs/json.md has the keys. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from installer.host.memory import HostMemory
from installer.services.add import StartedServices, WrittenServices
from installer.services.plan import ServicePlan
from installer.services.remove import RemovedServices, ServiceRemoval
from installer.services.status import ABSENT, ServiceStatus
from runtime.base.constants import MEGABYTE
from runtime.context.results import Advisory, Code, Report
from runtime.output.encoder import as_json
from runtime.output.report import report_answer


@dataclass(frozen=True)
class ListedService:
    """A service in the answer of `service list`; memory is in bytes."""

    name: str
    title: str
    state: str
    present: bool
    used: int
    expected: int
    addresses: tuple[str, ...]
    problems: tuple[str, ...]
    kept: tuple[Path, ...]


@dataclass(frozen=True)
class AddedService:
    """A service in the answer of `service add`; memory is in bytes."""

    name: str
    new: bool
    memory: int
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class WrittenFile:
    """A file in the answer of `service add`; the path is below the data directory."""

    path: PurePosixPath
    action: str


def list_json(services: Iterable[ServiceStatus], memory: HostMemory) -> str:
    """Return the answer of `service list`."""
    listed = [
        ListedService(
            name=each.service.name,
            title=each.service.title,
            state=each.state,
            present=each.state != ABSENT,
            used=each.used,
            expected=each.service.memory * MEGABYTE,
            addresses=each.addresses,
            problems=each.problems,
            kept=each.kept,
        )
        for each in services
    ]
    return as_json(services=listed, available=memory.available, total=memory.total)


def add_json(
    wanted: ServicePlan,
    started: StartedServices | None,
    written: WrittenServices,
    addresses: Mapping[str, tuple[str, ...]],
) -> str:
    """Return the answer of `service add`; without `started` nothing was started."""
    services = [
        AddedService(each.name, each in wanted.new, each.memory * MEGABYTE, addresses.get(each.name, ()))
        for each in wanted.services
    ]
    return as_json(
        **_report(started.report if started else None, (written.note,) if written.note else ()),
        services=services,
        files=[WrittenFile("conf" / each.path, each.action.name.lower()) for each in wanted.changes],
        secrets=wanted.secrets,
        folders=["data" / each.path for each in wanted.folders],
        shown=dict(written.shown),
    )


def removal_json(wanted: ServiceRemoval, removed: RemovedServices | None) -> str:
    """Return the answer of `service remove`; without `removed` nothing was removed."""
    return as_json(
        **_report(removed.report if removed else None, removed.notes if removed else ()),
        services=[each.name for each in wanted.services],
        folders=wanted.folders,
        secrets=wanted.secrets,
        kept=wanted.kept,
    )


def _report(report: Report | None, notes: tuple[str, ...]) -> dict[str, object]:
    found = report or Report(())
    more = (Advisory(Code.SERVICE, "services", note) for note in notes)
    return report_answer(replace(found, warnings=(*found.warnings, *more)))
