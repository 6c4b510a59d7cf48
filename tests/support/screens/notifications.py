"""All notifications: what the user receives when something is wrong, and when it is resolved."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from runtime.alerting import checks, messages, watchdog_failure
from runtime.alerting.checks import FailedCheck
from runtime.base import meminfo
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths, Side
from runtime.context.change import Outcome
from runtime.context.results import Blocked, Code, Failure, Report
from runtime.reconcile.status import ApplicationStatus, ProxyStatus, Status
from tests.support.builders.runtime import make_settings, proxy_change, recording_command
from tests.support.screens.certificates import overview
from tests.support.screens.screen import NOW, Screens, sections

_MEMINFO = "MemTotal: 980000 kB\nMemAvailable: 40000 kB\n"
_STATUS = Status(
    "shoestring",
    (ProxyStatus(Side.PUBLIC, "exited", 2, ""),),
    (ApplicationStatus("blog", Side.PUBLIC, "restarting", (), "ghost:5.1", ""),),
    (),
    overview(),
    unserved=(
        Blocked(
            Code.VPN_DOWN,
            "proxy internal",
            "The internal side has no address: the interface tailscale0 is not there.",
        ),
    ),
)


def _failed(run: RunPaths) -> list[FailedCheck]:
    found = [
        *checks.check_disk("/srv/test", 91.0, is_open=False),
        *checks.check_memory(meminfo.parse(_MEMINFO), is_open=False),
        *checks.check_status(_STATUS, NOW.timestamp()),
        *checks.check_watchdog(run, NOW.timestamp()),
    ]
    run.last_run.parent.mkdir(parents=True)
    run.last_run.touch()
    return [*found, *checks.check_watchdog(run, run.last_run.stat().st_mtime + 1260)]


def _incidents() -> str:
    with TemporaryDirectory() as directory:
        found = _failed(replace(RunPaths("shoestring"), root=Path(directory)))
    lines = [f"{each.severity}: {each.message}" for each in found]
    return sections(opened=lines, resolved=[messages.resolved(each.subject) for each in found], watchdog=_watchdog())


def _watchdog() -> list[str]:
    """Return what a command receives when a run of the watchdog failed, as lines of JSON."""
    outcome = Outcome(
        proxy_change(Side.PUBLIC, "1 host more"),
        0.3,
        failure=ShoestringError("haproxy refuses the configuration:\nwhy"),
    )
    report = Report((outcome,), failures=(Failure(Code.NOT_RUNNING, "blog", "application is exited"),))
    with TemporaryDirectory() as directory:
        received = Path(directory) / "received"
        settings = make_settings(f"notify:\n  command: >-\n    {recording_command(received)}\n")
        watchdog_failure.notify_report(Paths(Path(directory)), settings, report, NOW.timestamp())
        return [
            json.dumps({**json.loads(line), "host": "web.example.com"}, indent=2, ensure_ascii=False)
            for line in received.read_text(encoding="utf-8").replace(directory, "/srv/test").splitlines()
        ]


SCREENS: Screens = {"notifications": _incidents}
