"""Shoestring's own units: the start at boot; the timers of watchdog, renewal and notifications; cron lines."""

from __future__ import annotations

import shlex
import sys
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from installer.host import boot_files, systemd
from installer.host.boot_files import FOLDER, ISOLATION
from installer.host.systemd import DEFAULT_INSTANCE, Properties, SystemdUnit, unit_name
from runtime.base import command
from runtime.base.errors import ShoestringError, UsageError
from runtime.config.settings import Settings

SANDBOX = "sandbox.conf"
# The units of each job: the service; and the unit that starts it, which may be the same.
START, WATCHDOG, RENEW, CHECK = "start", "watchdog", "renew", "check"
JOBS = {
    START: ("shoestring.service",),
    WATCHDOG: ("shoestring-watchdog.service", "shoestring-watchdog.timer"),
    RENEW: ("shoestring-renew.service", "shoestring-renew.timer"),
    CHECK: ("shoestring-check.service", "shoestring-check.timer"),
}
_ALL = tuple(unit for units in JOBS.values() for unit in units)
# Units of earlier versions, for which there are others now.
_FORMER = ("shoestring-alarm.service", "shoestring-alarm.timer")
# The host empties these, and a unit has its own ones.
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - refused, not used
# The PATH of systemd's units (systemd.exec(5)).
_CRON_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROPERTIES = (
    *("Id", "UnitFileState", "ActiveState", "Result", "ExecMainStatus", "NextElapseUSecRealtime"),
    *("ExecMainStartTimestampMonotonic", "ExecMainExitTimestampMonotonic"),
)


class TimerState(StrEnum):
    """The state of the units of a job."""

    ON = "on"
    OFF = "off"
    OUTDATED = "outdated"
    MISSING = "missing"


@dataclass(frozen=True)
class LastRun:
    """The last run of a job: its start in seconds since 1970, its duration, its result.

    `result` is the word of systemd, such as `success`; `seconds` is None while it runs.
    """

    began: Annotated[float, "seconds since 1970"]
    seconds: Annotated[float | None, "duration; null while it runs"]
    result: Annotated[str, "the word of systemd, such as `success`"]
    exit_code: int


@dataclass(frozen=True)
class TimerJob:
    """A job of an instance; `next` is in seconds since 1970, None without a timer or if it is off."""

    name: Annotated[str, "`start`, `watchdog`, `renew` or `check`"]
    service: Annotated[str, "name of its unit"]
    state: TimerState
    next: Annotated[float | None, "next run, in seconds since 1970"] = None
    last: Annotated[LastRun | None, "last run since boot"] = None

    @property
    def is_on(self) -> bool:
        """Return whether its units are installed and enabled."""
        return self.state is TimerState.ON


def names(instance: str) -> tuple[str, ...]:
    """Return the names of all units of an instance."""
    return tuple(unit_name(unit, instance) for unit in _ALL)


def units(settings: Settings, root: Path, python: str = sys.executable) -> tuple[SystemdUnit, ...]:
    """Return the units of an instance. Raises UsageError for a data directory that they cannot use."""
    for directory in _TEMPORARY:
        if root.is_relative_to(directory):
            raise UsageError(
                f"{root} cannot have timers, because the host empties {directory}. Choose another data "
                "directory, or run setup with --no-timers."
            )
    instance = settings.instance
    words = {
        "@SANDBOX@": (FOLDER / SANDBOX).read_text(encoding="utf-8").strip(),
        "@RUNTIME@": f"{systemd.quoted(python)} -I -m runtime --data-directory {systemd.quoted(root)}",
        "@DATA_DIRECTORY@": systemd.quoted(root),
        "@INSTANCE@": instance,
        "@VPN@": f"wg-quick@{settings.wireguard.interface}.service",
        "@ISOLATION@": unit_name(ISOLATION, instance),
        "@START@": unit_name("shoestring.service", instance),
        "@WATCHDOG@": unit_name("shoestring-watchdog.service", instance),
        "@WATCHDOG_TIMER@": unit_name("shoestring-watchdog.timer", instance),
        "@RENEW@": unit_name("shoestring-renew.service", instance),
        "@RENEW_TIMER@": unit_name("shoestring-renew.timer", instance),
        "@CHECK@": unit_name("shoestring-check.service", instance),
        "@CHECK_TIMER@": unit_name("shoestring-check.timer", instance),
    }
    return tuple(SystemdUnit(unit_name(unit, instance), _filled(FOLDER / unit, words)) for unit in _ALL)


def _filled(template: Path, words: Mapping[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def cron_lines(root: Path, domain: str, python: str = sys.executable) -> list[str]:
    """Return lines for a file in /etc/cron.d that do the same as the units (crontab(5): a % would end the command).

    The default PATH of cron has no nft, and cron would mail the line of each run: failures are notified as the
    settings define. The minute of renewals depends on the domain, so that hosts do not ask their authority all at
    once.
    """
    runtime = f"root  {shlex.join((python, '-I', '-m', 'runtime', '--data-directory', str(root)))}".replace(
        "%", r"\%"
    )
    minute = zlib.crc32(domain.encode()) % 60
    return [
        f"PATH={_CRON_PATH}",
        'MAILTO=""',
        f"@reboot       {runtime} start",
        f"* * * * *     {runtime} watchdog",
        f"{f'{minute} */6 * * *':<12}  {runtime} renew",
        f"*/5 * * * *   {runtime} check",
    ]


def check(settings: Settings, root: Path) -> None:
    """Raise UsageError or ShoestringError if the units could not work. Changes nothing."""
    units(settings, root)
    if not command.run((sys.executable, "-I", "-c", "import runtime.cli")).ok:
        raise ShoestringError(
            f"{sys.executable} cannot import Shoestring, so timers could not run it. Install it with pipx."
        )


def enable(settings: Settings, root: Path) -> None:
    """Write and enable the units for the next boot; none is started now. Raises ShoestringError."""
    instance = settings.instance
    systemd.write((*units(settings, root), *boot_files.units(instance, root)))
    systemd.enable(*_switches(instance))
    remove_former(instance)


def start(instance: str, *, boot: bool) -> None:
    """Start the timers now, and with `boot` first the start at boot, which they rely on."""
    at_boot, *others = _switches(instance)
    if boot:
        systemd.systemctl("start", at_boot)
    systemd.systemctl("start", *others)


def install(settings: Settings, root: Path, *, stopped: bool = False) -> None:
    """Write, enable and start the units. With `stopped`, what the user stopped is not started.

    Raises ShoestringError, also if systemd would run a Python without Shoestring.
    """
    check(settings, root)
    enable(settings, root)
    start(settings.instance, boot=not stopped)


def _switches(instance: str) -> list[str]:
    """Return the unit of each job that systemd starts, the start at boot first."""
    return [unit_name(units[-1], instance) for units in JOBS.values()]


def remove(instance: str, directory: Path = systemd.UNIT_DIRECTORY) -> None:
    """Disable and remove the units; containers keep running. Does nothing without units."""
    # The units last: only they show that there is something to remove.
    boot_files.remove(instance, directory)
    remove_former(instance, directory)
    if written(instance, directory):
        systemd.remove(names(instance), directory)


def remove_former(instance: str, directory: Path = systemd.UNIT_DIRECTORY) -> None:
    """Remove the units of an instance that an earlier version wrote and this one does not. Raises ShoestringError."""
    former = tuple(name for name in _former(instance) if (directory / name).is_file())
    if former:
        systemd.remove(former, directory)


def written(instance: str, directory: Path = systemd.UNIT_DIRECTORY) -> tuple[str, ...]:
    """Return the names of the unit files of an instance that are on this host."""
    return tuple(name for name in (*names(instance), *_former(instance)) if (directory / name).is_file())


def _former(instance: str) -> tuple[str, ...]:
    return tuple(unit_name(unit, instance) for unit in _FORMER)


def instances(directory: Path = systemd.UNIT_DIRECTORY) -> frozenset[str]:
    """Return the instances that have units on this host."""
    stem = JOBS[WATCHDOG][0].removesuffix(".service")
    found = (file.name.removesuffix(".service") for file in directory.glob(f"{stem}*.service"))
    return frozenset(name.partition("@")[2] or DEFAULT_INSTANCE for name in found)


def observe(settings: Settings, root: Path) -> tuple[TimerJob, ...]:
    """Return the jobs of an instance with their state. Changes nothing."""
    instance = settings.instance
    written = {unit.name: systemd.is_written(unit) for unit in units(settings, root)}
    seen = dict(zip(written, systemd.show(written, _PROPERTIES), strict=True))
    start = names(instance)[0]
    if written[start] and not all(map(systemd.is_written, boot_files.units(instance, root))):
        written[start] = False
    return jobs(instance, written, seen, time.time() - time.clock_gettime(time.CLOCK_MONOTONIC))


def jobs(
    instance: str, written: Mapping[str, bool | None], seen: Mapping[str, Properties], booted: float
) -> tuple[TimerJob, ...]:
    """Combine the state of files and of systemd. `booted`: start of the monotonic clock, in seconds since 1970."""
    found = []
    for name, templates in JOBS.items():
        mine = [unit_name(unit, instance) for unit in templates]
        service, switch = mine[0], mine[-1]
        how = state([written[unit] for unit in mine], seen[switch])
        upcoming = systemd.moment(seen[switch].get("NextElapseUSecRealtime", ""))
        found.append(TimerJob(name, service, how, upcoming, _last(seen[service], booted)))
    return tuple(found)


def state(written: list[bool | None], switch: Properties) -> TimerState:
    """Return the state of a job from its unit files (see systemd.is_written) and the unit that starts it."""
    if None in written:
        return TimerState.MISSING
    if False in written:
        return TimerState.OUTDATED
    return TimerState.ON if switch.get("UnitFileState") == "enabled" else TimerState.OFF


def _last(service: Properties, booted: float) -> LastRun | None:
    """Return the last run since boot: systemd forgets earlier ones."""
    began, ended = (
        int(service.get(f"ExecMain{which}TimestampMonotonic") or 0) / 1_000_000 for which in ("Start", "Exit")
    )
    if not began:
        return None
    seconds = ended - began if ended >= began else None
    return LastRun(booted + began, seconds, service.get("Result", ""), int(service.get("ExecMainStatus") or 0))
