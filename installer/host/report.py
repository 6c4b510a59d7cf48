"""The results of the commands about the host, as text or JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from installer.host.health import Health
from installer.host.memory import HostMemory
from installer.host.swap import ActiveSwap, SwapHost
from installer.host.timers import CHECK, RENEW, START, WATCHDOG, LastRun, TimerJob, TimerState
from runtime.base.formats import local_time, size
from runtime.output.table import Row, table

WELL = "success"


def last_run(last: LastRun | None, service: str, now: float) -> str:
    """Return when a job ran last, and its result."""
    if last is None:
        return "not run since boot"
    began = local_time(last.began, now)
    if last.seconds is None:
        return f"{began}, running"
    took = f"{began}, took {last.seconds:.1f} s"
    if last.result == WELL:
        return f"{took}, succeeded"
    code = f"exit code {last.exit_code}" if last.result == "exit-code" else last.result
    return f"{took}, failed ({code}): journalctl -u {service} -n 20"


def timers_lines(jobs: Iterable[TimerJob], now: float) -> list[str]:
    """Return the jobs, a line each."""
    rows = [("TIMER", "STATE", "NEXT", "LAST")]
    for job in jobs:
        upcoming = local_time(job.next, now) if job.next else "-"
        rows.append((job.name, job.state.value, upcoming, last_run(job.last, job.service, now)))
    return table(rows)


def install_lines(jobs: Iterable[TimerJob]) -> list[str]:
    """Return the changes of an installation, a line each."""
    signs = {TimerState.MISSING: "+", TimerState.OUTDATED: "~", TimerState.OFF: "+"}
    when = {START: "at boot", WATCHDOG: "each minute", RENEW: "every 6 hours", CHECK: "every 5 minutes"}
    return table((signs[job.state], job.service, f"{job.name} {when[job.name]}") for job in jobs if not job.is_on)


@dataclass(frozen=True)
class HealthRow:
    """A line about the host; not `ok` needs attention."""

    name: str
    text: str
    ok: bool = True


def health_rows(health: Health, now: float) -> list[HealthRow]:
    """Return rows about the last run of the watchdog, the memory, and the disk if it is full."""
    watchdog = health.watchdog
    if watchdog is None:
        row = HealthRow(WATCHDOG, "systemd does not run; for cron lines: shoestring timers status")
    elif not watchdog.is_on:
        row = HealthRow(WATCHDOG, f"timer {watchdog.state}; to enable it: shoestring timers install", ok=False)
    else:
        last = watchdog.last
        row = HealthRow(WATCHDOG, last_run(last, watchdog.service, now), last is None or last.result == WELL)
    used, available = health.memory_total - health.memory_available, health.memory_available
    return [
        row,
        HealthRow("memory", f"{size(used)} of {size(health.memory_total)} used, {size(available)} available"),
        *((HealthRow("disk", health.disk, ok=False),) if health.disk else ()),
    ]


def memory_lines(memory: HostMemory) -> list[str]:
    """Return the users of memory: containers, the largest first, then Docker, then the rest."""
    rows = [
        ("PART", "USED", "LIMIT"),
        *((each.name, size(each.used), size(each.limit) if each.limit else "none") for each in memory.containers),
        *((each.name, size(each.used), "") for each in memory.docker),
        ("the rest of this host", size(memory.rest), ""),
    ]
    swap_used = f"swap {size(memory.swap_total - memory.swap_free)} of {size(memory.swap_total)} used"
    last = f"  {memory_sentence(memory)}, {swap_used if memory.swap_total else 'no swap'}"
    return [*table(rows, frozenset((1, 2))), "", last]


def memory_sentence(memory: HostMemory) -> str:
    """Return how much is used and available."""
    return f"{size(memory.used)} of {size(memory.total)} used, {size(memory.available)} available"


def swap_lines(host: SwapHost) -> list[str]:
    """Return the active swap, a line each."""
    if not host.in_use:
        return ["  This host has no swap. Add it with: shoestring swap add"]
    rows = [("SWAP", "SIZE", "USED", ""), *(_swap_row(each, host) for each in host.in_use)]
    return table(rows, frozenset((1, 2)))


def _swap_row(each: ActiveSwap, host: SwapHost) -> Row:
    return each.place, size(each.size), size(each.used), "by Shoestring" if each.is_of(host.own) else ""
