"""Status, plan and certificates on a terminal. Color stands only where it carries meaning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from installer.output import Cell, Column, print_line, print_table
from runtime.base.formats import age, count
from runtime.context.change import Sign
from runtime.context.results import PlanReport
from runtime.output.report import apply_command, change_line, change_lines, tls_line, tls_problems
from runtime.reconcile.status import FINE, Status

if TYPE_CHECKING:
    from installer.host.report import HealthRow
    from runtime.certificates.overview import CertificateOverview

COLORS: dict[str, str] = {Sign.NEW: "green", Sign.CHANGED: "yellow", Sign.REMOVED: "red"}
FOLDING = ("APPLICATION", "HOSTS", "IMAGE", "NAME", "FROM")


def _columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, folds=name in FOLDING) for name in names)


def _problem(problem: object) -> None:
    print_line(Cell(f"  ✗ {problem}", "red"))


def print_status(status: Status, now: datetime) -> None:
    """Print what runs; `now` is what times are counted from."""
    if status.applications:
        names = ("APPLICATION", "SIDE", "STATE", "HOSTS", "IMAGE", "SINCE")
        print_table(_columns(*names), _application_rows(status, now))
        for finding in (finding for each in status.applications for finding in each.problems):
            _problem(finding)
        for each in status.applications:
            for note in each.notes:
                print_line(f"  {each.name}: {note}")
    else:
        print_line("  No applications yet. Put a Compose file into conf/applications-public/.")
    print_line()
    parts: list[Cell | str] = ["  proxies  "]
    for proxy in status.proxies:
        parts += [f"  {proxy.side} ", _state(proxy.state), f" {count(proxy.host_names, 'host')}"]
    print_line(*parts)
    print_line(f"  TLS        {tls_line(status.certificates, now.timestamp())}")
    for problem in (*tls_problems(status.certificates, now.timestamp()), *status.problems):
        _problem(problem)
    for warning in status.warnings:
        print_line(f"  warning    {warning}")


def print_health(rows: Iterable[HealthRow]) -> None:
    """Print how the host does."""
    for row in rows:
        print_line(f"  {row.name:<10} ", Cell(row.text, "" if row.ok else "red"))


def _application_rows(status: Status, now: datetime) -> Iterable[tuple[Cell, ...]]:
    for each in status.applications:
        more = f" +{len(each.host_names) - 1}" if len(each.host_names) > 1 else ""
        hosts = f"{each.host_names[0]}{more}" if each.host_names else "-"
        rest = (hosts, each.image or "-", age(each.since, now))
        yield Cell(each.name), Cell(each.side), _state(each.state), *map(Cell, rest)


def _state(state: str) -> Cell:
    return Cell(state, "green" if state in FINE else "red")


def print_plan(plan: PlanReport) -> None:
    """Print a plan with its signs in color."""
    for note in plan.warnings:
        print_line(f"  {note}")
    for problem in (*plan.problems, *plan.blocked):
        _problem(problem)
    for change in plan.changes:
        print_line(Cell(change_line(change), COLORS[change.sign]))
    print_line(change_lines(plan.changes, apply_command(plan))[-1])


def print_certificates(overview: CertificateOverview, now: float) -> None:
    """Print how each certificate is, then what blocks one; `now` is in seconds since the epoch."""
    from installer.certificates.report import HEADER, NONE_YET, remarks, row

    rows = []
    for each in overview.certificates:
        bad = each.expiring or each.blocked or each.state in ("missing", "expired", "broken")
        color = "red" if bad else "green" if each.state == "valid" else ""
        cells = zip(HEADER, row(each, now), strict=True)
        rows.append(tuple(Cell(cell, color if name == "STATE" else "") for name, cell in cells))
    if rows:
        print_table(_columns(*HEADER), rows)
    else:
        print_line(f"  {NONE_YET}")
    for remark in remarks(overview):
        _problem(remark)
    for note in overview.notes:
        print_line(f"  note  {note}")
