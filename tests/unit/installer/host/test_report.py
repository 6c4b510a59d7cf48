"""The output about a host: timers, memory and swap."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from installer.host.health import Health
from installer.host.json_results import MemoryJson, SwapJson
from installer.host.report import (
    HealthRow,
    health_rows,
    last_run,
    memory_lines,
    swap_lines,
    timers_lines,
)
from installer.host.swap import (
    SwapKind,
    parse_swaps,
)
from installer.host.timers import LastRun, TimerJob, TimerState
from runtime.base.constants import MEGABYTE
from runtime.output.encoder import result_json
from tests.support.builders.host_memory import HOST
from tests.support.builders.host_swap import SWAP_HOST, SWAPS

NOON = datetime(2026, 3, 1, 12, 0, 0).timestamp()


def test_last_run_result() -> None:
    service = "shoestring-renew.service"
    assert last_run(None, service, NOON) == "not run since boot"
    assert last_run(LastRun(NOON, None, "success", 0), service, NOON) == "12:00:00, running"
    assert last_run(LastRun(NOON, 0.21, "success", 0), service, NOON) == "12:00:00, took 0.2 s, succeeded"
    failed = last_run(LastRun(NOON, 1.0, "exit-code", 2), service, NOON)
    assert failed == "12:00:00, took 1.0 s, failed (exit code 2): journalctl -u shoestring-renew.service -n 20"
    assert "failed (timeout)" in last_run(LastRun(NOON, 1.0, "timeout", 15), service, NOON)


def test_timers_lines() -> None:
    renew = TimerJob("renew", "shoestring-renew.service", TimerState.ON, NOON + 60, LastRun(NOON, 0.5, "success", 0))
    assert timers_lines([renew], NOON) == [
        "  TIMER  STATE  NEXT      LAST",
        "  renew  on     12:01:00  12:00:00, took 0.5 s, succeeded",
    ]


def test_health_rows_of_watchdog() -> None:
    def row(job: TimerJob | None) -> HealthRow:
        return health_rows(Health(job, 957 * MEGABYTE, 353 * MEGABYTE), NOON)[0]

    service = "shoestring-watchdog.service"
    well = row(TimerJob("watchdog", service, TimerState.ON, NOON + 60, LastRun(NOON, 0.2, "success", 0)))
    assert (well.text, well.ok) == ("12:00:00, took 0.2 s, succeeded", True)
    failed = row(TimerJob("watchdog", service, TimerState.ON, NOON + 60, LastRun(NOON, 2.0, "exit-code", 1)))
    assert ("failed (exit code 1)" in failed.text, failed.ok) == (True, False)
    off = row(TimerJob("watchdog", service, TimerState.OFF))
    assert (off.text, off.ok) == ("timer off; to enable it: shoestring timers install", False)
    assert row(None).ok


def test_health_rows_of_full_disk() -> None:
    full = Health(None, MEGABYTE, MEGABYTE, "The disk of /srv is full.")
    assert health_rows(full, NOON)[-1] == HealthRow("disk", "The disk of /srv is full.", ok=False)


def test_memory_lines_and_json() -> None:
    assert memory_lines(HOST) == [
        "  PART                     USED   LIMIT",
        "  shop-application-1     201 MB    none",
        "  haproxy-public          11 MB  192 MB",
        "  dockerd                 92 MB",
        "  the rest of this host  300 MB",
        "",
        "  604 MB of 957 MB used, 353 MB available, no swap",
    ]
    assert json.loads(result_json(MemoryJson.of(HOST)))["rest"] == 300 * MEGABYTE


def test_swap_lines_and_json() -> None:
    host = replace(SWAP_HOST, in_use=parse_swaps(SWAPS)[:2], own=SwapKind.FILE)
    assert swap_lines(SWAP_HOST) == ["  This host has no swap. Add it with: shoestring swap add"]
    assert swap_lines(host) == [
        "  SWAP                             SIZE    USED",
        "  /var/lib/shoestring/swapfile  1023 MB  256 kB  by Shoestring",
        "  /dev/zram0                     511 MB     0 B",
    ]
    assert json.loads(result_json(SwapJson.of(host)))["own"] == "file"
