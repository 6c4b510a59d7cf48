"""What the commands about services say, as text for a person or JSON for a script. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from installer.data_directory import flat_settings
from installer.host.memory import Memory
from installer.services.add import Started, Written
from installer.services.plan import ServicePlan
from installer.services.remove import Removal
from installer.services.service import Service
from installer.services.status import ABSENT, ServiceStatus
from runtime.base.constants import MEGABYTE
from runtime.base.formats import size
from runtime.base.paths import Paths
from runtime.config.settings import Settings
from runtime.context.results import Report
from runtime.output.encoder import as_json
from runtime.output.report import report_json
from runtime.output.table import Row, table

SECRETS_FILE = "conf/secrets.yaml"


def list_lines(services: Iterable[ServiceStatus], memory: Memory, option: str) -> list[str]:
    """Each service, a line; then what is wrong, and how much memory is left. `option` is what commands need here."""
    rows = [("SERVICE", "STATE", "USED", "EXPECTED", "")]
    problems = []
    for each in services:
        used = size(each.used) if each.used else "-"
        about = f"{each.service.title}: {each.service.about}" + ("; its data is still here" if each.kept else "")
        where = "  ".join(each.addresses) if each.state != ABSENT else about
        rows.append((each.service.name, each.state, used, f"{each.service.memory} MB", where))
        problems += [f"  ✗ {problem}" for problem in each.problems]
    left = f"  {size(memory.available)} of {size(memory.total)} memory are available."
    return [*table(rows, frozenset((2, 3))), *problems, "", f"{left} Add one: shoestring service add NAME{option}"]


def list_json(services: Iterable[ServiceStatus], memory: Memory) -> str:
    """The answer of `service list`; sizes are in bytes."""
    listed = [
        {
            "name": each.service.name,
            "title": each.service.title,
            "state": each.state,
            "there": each.state != ABSENT,
            "used": each.used,
            "expected": each.service.memory * MEGABYTE,
            "addresses": list(each.addresses),
            "problems": list(each.problems),
            "kept": [str(path) for path in each.kept],
        }
        for each in services
    ]
    return as_json(services=listed, available=memory.available, total=memory.total)


def plan_lines(wanted: ServicePlan, before: Settings, memory: Memory) -> list[str]:
    """What adding would change, and what it costs."""
    if wanted.is_empty:
        names = ", ".join(each.name for each in wanted.services)
        return [f"  Nothing changes in the files: {names} {'is' if len(wanted.services) == 1 else 'are'} there."]
    return table((*_service_rows(wanted), *_rows(wanted, before), *_memory_rows(wanted, memory)))


def _service_rows(wanted: ServicePlan) -> Iterator[Row]:
    for each in wanted.new:
        yield "+", "service", f"{each.title}, {each.memory} MB: {each.about}"


def setup_rows(wanted: ServicePlan) -> Iterator[Row]:
    """What setup tells of them: the new services, each with its memory; and newer files of those that are there."""
    yield from _service_rows(wanted)
    new = {each.name for each in wanted.new}
    for change in wanted.changes:
        if not {change.path.parts[0], change.path.stem} & new:
            yield "~", "service", str(change)


def _rows(wanted: ServicePlan, before: Settings) -> Iterator[Row]:
    for change in wanted.changes:
        yield "+" if change.action.value == "new" else "~", "file", str(change)
    for name in wanted.secrets:
        yield "+", "secret", f"{name} in {SECRETS_FILE}"
    for folder in wanted.folders:
        yield "+", "folder", f"data/{folder.path}, owner {folder.owner}:{folder.group}"
    if wanted.text is not None and wanted.settings is not None:
        yield from (("~", "setting", str(each)) for each in flat_settings.changes(before, wanted.settings))


def _memory_rows(wanted: ServicePlan, memory: Memory) -> Iterator[Row]:
    if wanted.new:
        yield "", "memory", f"{wanted.memory} MB needed, {size(memory.available)} of {size(memory.total)} available"


def added_lines(
    services: Iterable[Service], written: Written, addresses: Mapping[str, tuple[str, ...]], *, terminal: bool
) -> list[str]:
    """Where services are reached, how to log in, and new passwords, told this once.

    Without a `terminal` they are not told: a journal, or a console that a cloud keeps, would have them for good.
    """
    shown = written.shown if terminal else ()
    lines = []
    for each in services:
        at = addresses.get(each.name, ())
        lines += [f"  {each.title}" if at or each.log_in else f"  {each.title} has no page of its own"]
        lines += [f"    {address}" for address in at]
        lines += [f"    {log_in(each.log_in, at)}"] if each.log_in else []
        known = [name for name in each.shown if name not in dict(shown)]
        lines += [f"    password: {name} in {SECRETS_FILE}" for name in known]
    if shown:
        lines += ["", f"  Shown this once; also in {SECRETS_FILE}:"]
        lines += [f"  {line}" for line in table(shown)]
    return [line.rstrip() for line in lines]


def log_in(text: str, addresses: tuple[str, ...]) -> str:
    """How to log in, with the host and port of the first address."""
    first = addresses[0] if addresses else ""
    return text.replace("{host}", urlsplit(first).netloc if "://" in first else first)


def add_json(
    wanted: ServicePlan, started: Started | None, written: Written, addresses: dict[str, tuple[str, ...]]
) -> str:
    """The answer of `service add`; without `started` nothing was started."""
    report = json.loads(report_json(started.report)) if started else {"ok": True}
    services = [
        {
            "name": each.name,
            "new": each in wanted.new,
            "memory": each.memory * MEGABYTE,
            "addresses": list(addresses.get(each.name, ())),
        }
        for each in wanted.services
    ]
    return as_json(
        **{
            **report,
            "services": services,
            "files": [{"path": f"conf/{each.path}", "action": each.action.name.lower()} for each in wanted.changes],
            "secrets": list(wanted.secrets),
            "folders": [f"data/{each.path}" for each in wanted.folders],
            "shown": dict(written.shown),
        }
    )


def removal_lines(wanted: Removal, paths: Paths) -> list[str]:
    """What goes, and what stays."""
    rows: list[Row] = [("-", "service", f"{each.title}, its containers and file") for each in wanted.services]
    rows += [("-", "folder", f"{_below(folder, paths)}, for good") for folder in wanted.folders]
    rows += [("-", "secret", f"{name}, for good") for name in wanted.secrets]
    rows += [("", "stays", _below(folder, paths)) for folder in wanted.kept]
    rows += [("", "stays", f"{name}: another application uses it") for name in wanted.used]
    if wanted.is_empty:
        return ["  Nothing to do: it is not there.", *table(rows)]
    return table(rows)


def _below(path: object, paths: Paths) -> str:
    return str(path).removeprefix(f"{paths.root}/")


def removal_json(wanted: Removal, report: Report | None) -> str:
    """The answer of `service remove`."""
    return as_json(
        **{
            **(json.loads(report_json(report)) if report else {"ok": True}),
            "services": [each.name for each in wanted.services],
            "folders": [str(folder) for folder in wanted.folders],
            "secrets": list(wanted.secrets),
            "kept": [str(folder) for folder in wanted.kept],
        }
    )
