"""The screens of the commands about services. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from installer.data_directory import flat_settings
from installer.host.memory import HostMemory
from installer.services.add import WrittenServices
from installer.services.plan import ServicePlan
from installer.services.remove import ServiceRemoval
from installer.services.service import Service
from installer.services.status import ABSENT, ServiceStatus
from runtime.base.formats import size
from runtime.base.paths import Paths
from runtime.config.settings import Settings
from runtime.output.table import Row, table

SECRETS_FILE = "conf/secrets.yaml"


def list_lines(services: Iterable[ServiceStatus], memory: HostMemory, option: str) -> list[str]:
    """Return a line for each service, then problems, and the memory left. `option` is what commands need here."""
    rows = [("SERVICE", "STATE", "USED", "EXPECTED", "")]
    problems = []
    for each in services:
        used = size(each.used) if each.used else "-"
        about = f"{each.service.title}: {each.service.about}" + ("; its data still exists" if each.kept else "")
        where = "  ".join(each.addresses) if each.state != ABSENT else about
        rows.append((each.service.name, each.state, used, f"{each.service.memory} MB", where))
        problems += [f"  ✗ {problem}" for problem in each.problems]
    left = f"  {size(memory.available)} of {size(memory.total)} memory available."
    return [*table(rows, frozenset((2, 3))), *problems, "", f"{left} Add one: shoestring service add NAME{option}"]


def plan_lines(planned: ServicePlan, before: Settings, memory: HostMemory) -> list[str]:
    """Return what adding services would change, and the memory that they need."""
    if planned.is_empty:
        names = ", ".join(each.name for each in planned.services)
        return [f"  No file changes: {names} {'is' if len(planned.services) == 1 else 'are'} already added."]
    return table((*_service_rows(planned), *_rows(planned, before), *_memory_rows(planned, memory)))


def _service_rows(planned: ServicePlan) -> Iterator[Row]:
    for each in planned.new:
        yield "+", "service", f"{each.title}, {each.memory} MB: {each.about}"


def setup_rows(planned: ServicePlan) -> Iterator[Row]:
    """Yield the rows in setup's summary: new services with their memory, and newer files of services added before."""
    yield from _service_rows(planned)
    new = {each.name for each in planned.new}
    for change in planned.changes:
        if not {change.path.parts[0], change.path.stem} & new:
            yield "~", "service", str(change)


def _rows(planned: ServicePlan, before: Settings) -> Iterator[Row]:
    for change in planned.changes:
        yield "+" if change.action.value == "new" else "~", "file", str(change)
    for name in planned.secrets:
        yield "+", "secret", f"{name} in {SECRETS_FILE}"
    for folder in planned.folders:
        yield "+", "folder", f"data/{folder.path}, owner {folder.owner}:{folder.group}"
    if planned.text is not None and planned.settings is not None:
        yield from (("~", "setting", str(each)) for each in flat_settings.changes(before, planned.settings))


def _memory_rows(planned: ServicePlan, memory: HostMemory) -> Iterator[Row]:
    if planned.new:
        yield "", "memory", f"{planned.memory} MB needed, {size(memory.available)} of {size(memory.total)} available"


def added_lines(
    services: Iterable[Service], written: WrittenServices, addresses: Mapping[str, tuple[str, ...]], *, terminal: bool
) -> list[str]:
    """Return addresses of services, how to log in, and new passwords, which are shown only once.

    Without a `terminal` no password is shown: a journal, or the console log of a cloud, would keep it.
    """
    shown = written.shown if terminal else ()
    lines = []
    for each in services:
        at = addresses.get(each.name, ())
        lines += [f"  {each.title}" if at or each.log_in else f"  {each.title} has no web page"]
        lines += [f"    {address}" for address in at]
        lines += [f"    {log_in(each.log_in, at)}"] if each.log_in else []
        known = [name for name in each.shown if name not in dict(shown)]
        lines += [f"    password: {name} in {SECRETS_FILE}" for name in known]
    if shown:
        lines += ["", f"  Shown only once; also in {SECRETS_FILE}:"]
        lines += [f"  {line}" for line in table(shown)]
    return [line.rstrip() for line in lines]


def log_in(text: str, addresses: tuple[str, ...]) -> str:
    """Return how to log in, with the host and port of the first address."""
    first = addresses[0] if addresses else ""
    return text.replace("{host}", urlsplit(first).netloc if "://" in first else first)


def removal_lines(removal: ServiceRemoval, paths: Paths) -> list[str]:
    """Return what is removed, and what stays."""
    rows: list[Row] = [("-", "service", f"{each.title}, its containers and file") for each in removal.services]
    rows += [("-", "folder", f"{_below(folder, paths)}, for good") for folder in removal.folders]
    rows += [("-", "secret", f"{name}, for good") for name in removal.secrets]
    rows += [("", "keep", _below(folder, paths)) for folder in removal.kept]
    rows += [("", "keep", f"{name}: another application uses it") for name in removal.used]
    if removal.is_empty:
        return ["  Nothing to do: it was not added.", *table(rows)]
    return table(rows)


def _below(path: object, paths: Paths) -> str:
    return str(path).removeprefix(f"{paths.root}/")
