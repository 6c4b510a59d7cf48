"""What the commands about the host say, as text for a person or JSON for a script. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from installer.host.health import Health
from installer.host.memory import Memory
from installer.host.swap import Host as SwapHost
from installer.host.swap import InUse
from installer.host.timers import ALARM, RENEW, START, WATCHDOG, Job, Last, State
from runtime.base.formats import local_time, size
from runtime.output.encoder import as_json
from runtime.output.table import Row, table

WELL = "success"


def last_run(last: Last | None, service: str, now: float) -> str:
    """When a job ran last and how it ended."""
    if last is None:
        return "has not run since boot"
    began = local_time(last.began, now)
    if last.seconds is None:
        return f"{began}, runs now"
    took = f"{began}, took {last.seconds:.1f} s"
    if last.result == WELL:
        return f"{took}, well"
    code = f"exit code {last.exit_code}" if last.result == "exit-code" else last.result
    return f"{took}, failed ({code}): journalctl -u {service} -n 20"


def timers_lines(jobs: Iterable[Job], now: float) -> list[str]:
    """The jobs, a line each."""
    rows = [("TIMER", "STATE", "NEXT", "LAST")]
    for job in jobs:
        upcoming = local_time(job.next, now) if job.next else "-"
        rows.append((job.name, job.state.value, upcoming, last_run(job.last, job.service, now)))
    return table(rows)


def install_lines(jobs: Iterable[Job]) -> list[str]:
    """What an installation would change."""
    signs = {State.MISSING: "+", State.OUTDATED: "~", State.OFF: "+"}
    when = {START: "at boot", WATCHDOG: "each minute", RENEW: "every 6 hours", ALARM: "every 5 minutes"}
    return table((signs[job.state], job.service, f"{job.name} {when[job.name]}") for job in jobs if not job.is_on)


def timers_json(jobs: Iterable[Job], *, systemd: bool) -> str:
    """The answer of `timers status`."""
    return as_json(systemd=systemd, jobs=[asdict(job) for job in jobs])


@dataclass(frozen=True)
class HealthRow:
    """One line about the host; not `ok` is for a person to look at."""

    name: str
    text: str
    ok: bool = True


def health_rows(health: Health, now: float) -> list[HealthRow]:
    """How the watchdog's last pass ended, memory, and the disk if it is full."""
    watchdog = health.watchdog
    if watchdog is None:
        row = HealthRow(WATCHDOG, "no timer of systemd; cron lines: shoestring timers status")
    elif not watchdog.is_on:
        row = HealthRow(WATCHDOG, f"timer {watchdog.state}; switch it on: shoestring timers install", ok=False)
    else:
        last = watchdog.last
        row = HealthRow(WATCHDOG, last_run(last, watchdog.service, now), last is None or last.result == WELL)
    used, available = health.memory_total - health.memory_available, health.memory_available
    return [
        row,
        HealthRow("memory", f"{size(used)} of {size(health.memory_total)} used, {size(available)} available"),
        *((HealthRow("disk", health.disk, ok=False),) if health.disk else ()),
    ]


def health_answer(health: Health) -> dict[str, object]:
    """The part `host` of the answer of `status`."""
    return asdict(health)


def memory_lines(memory: Memory) -> list[str]:
    """Who uses how much, the largest container first, then Docker, then what is left."""
    rows = [
        ("PART", "USED", "LIMIT"),
        *((each.name, size(each.used), size(each.limit) if each.limit else "none") for each in memory.containers),
        *((each.name, size(each.used), "") for each in memory.docker),
        ("the rest of this host", size(memory.rest), ""),
    ]
    swap_used = f"swap {size(memory.swap_total - memory.swap_free)} of {size(memory.swap_total)} used"
    last = f"  {memory_sentence(memory)}, {swap_used if memory.swap_total else 'no swap'}"
    return [*table(rows, frozenset((1, 2))), "", last]


def memory_sentence(memory: Memory) -> str:
    """How much is used and left."""
    return f"{size(memory.used)} of {size(memory.total)} used, {size(memory.available)} available"


def memory_json(memory: Memory) -> str:
    """The answer of `memory`; sizes are in bytes."""
    return as_json(**asdict(memory), used=memory.used, rest=memory.rest)


def swap_lines(host: SwapHost) -> list[str]:
    """What this host swaps to."""
    if not host.in_use:
        return ["  This host has no swap. Add it with: shoestring swap add"]
    rows = [("SWAP", "SIZE", "USED", ""), *(_swap_row(each, host) for each in host.in_use)]
    return table(rows, frozenset((1, 2)))


def _swap_row(each: InUse, host: SwapHost) -> Row:
    return each.place, size(each.size), size(each.used), "by Shoestring" if each.is_of(host.own) else ""


def swap_json(host: SwapHost) -> str:
    """The answer of `swap`; sizes are in bytes."""
    return as_json(own=host.own, in_use=[asdict(each) for each in host.in_use])
