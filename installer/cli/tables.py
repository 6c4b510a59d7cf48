"""Status and plan as tables for a terminal. Colour stands only where it carries meaning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runtime.output.report import count, plan_lines, since, tls_line, tls_problems
from runtime.reconcile.changes import CHANGED, NEW, REMOVED
from runtime.reconcile.operations import View
from runtime.reconcile.status import FINE, Status

if TYPE_CHECKING:
    from installer.host.report import HealthRow
    from runtime.certificates.overview import Overview

COLOURS = {NEW: "green", CHANGED: "yellow", REMOVED: "red"}


def _console() -> Console:
    return Console(highlight=False, soft_wrap=False)


def print_status(status: Status, now: datetime) -> None:
    """Print what runs; `now` is what times are counted from."""
    console = _console()
    if status.applications:
        console.print(_status_table(status, now))
        for problem in (problem for each in status.applications for problem in each.problems):
            console.print(Text(f"  ✗ {problem}", style="red"), soft_wrap=True)
        for each in status.applications:
            for note in each.notes:
                console.print(f"  {each.name}: {note}", markup=False, soft_wrap=True)
    else:
        console.print("  No applications yet. Put a Compose file into conf/applications-public/.")
    console.print()
    proxies = Text("  proxies  ")
    for proxy in status.proxies:
        proxies += Text(f"  {proxy.side} ") + _state(proxy.state) + Text(f" {count(proxy.host_names, 'host')}")
    console.print(proxies)
    console.print(f"  TLS        {tls_line(status.certificates, now.timestamp())}", markup=False)
    for problem in tls_problems(status.certificates, now.timestamp()):
        console.print(Text(f"  ✗ {problem}", style="red"), soft_wrap=True)
    for problem in status.problems:
        console.print(Text(f"  ✗ {problem}", style="red"), soft_wrap=True)
    for note in status.notes:
        console.print(f"  note       {note}", markup=False)


def print_health(rows: Iterable[HealthRow]) -> None:
    """Print how the host does."""
    console = _console()
    for row in rows:
        text = Text(row.text, style="" if row.ok else "red")
        console.print(Text(f"  {row.name:<10} ") + text, soft_wrap=True)


def _status_table(status: Status, now: datetime) -> Table:
    table = Table(box=None, pad_edge=True, padding=(0, 1), header_style="bold")
    table.add_column("APPLICATION", overflow="fold")
    for name in ("SIDE", "STATE"):
        table.add_column(name, no_wrap=True)
    for name in ("HOSTS", "IMAGE"):
        table.add_column(name, overflow="fold")
    table.add_column("SINCE", no_wrap=True)
    for each in status.applications:
        more = f" +{len(each.host_names) - 1}" if len(each.host_names) > 1 else ""
        hosts = f"{each.host_names[0]}{more}" if each.host_names else "-"
        moment = since(each.since, now)
        table.add_row(each.name, each.side, _state(each.state), hosts, each.image or "-", moment)
    return table


def _state(state: str) -> Text:
    return Text(state, style="green" if state in FINE else "red")


def print_plan(view: View) -> None:
    """Print a plan with its signs in colour."""
    console = _console()
    for line in plan_lines(view):
        sign = line.strip()[:1]
        console.print(Text(line, style=COLOURS.get(sign, "red" if sign == "✗" else "")), soft_wrap=True)


def print_certificates(overview: Overview, now: float) -> None:
    """Print how each certificate is, then what blocks one; `now` is in seconds since the epoch."""
    from installer.certificates.report import HEADER, NONE_YET, remarks, row

    console = _console()
    if overview.certificates:
        table = Table(box=None, pad_edge=True, padding=(0, 1), header_style="bold")
        for name in HEADER:
            table.add_column(name, overflow="fold", no_wrap=name in ("SIDE", "STATE", "VALID UNTIL", "RENEWAL"))
        for each in overview.certificates:
            cells = [Text(cell) for cell in row(each, now)]
            bad = each.expiring or each.blocked or each.state in ("missing", "expired", "broken")
            cells[HEADER.index("STATE")].stylize("red" if bad else "green" if each.state == "fine" else "")
            table.add_row(*cells)
        console.print(table)
    else:
        console.print(f"  {NONE_YET}")
    for remark in remarks(overview):
        console.print(Text(f"  ✗ {remark}", style="red"), soft_wrap=True)
    for note in overview.notes:
        console.print(f"  note  {note}", markup=False, soft_wrap=True)
