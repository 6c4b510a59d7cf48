"""Shoestring's own units: the start at boot; timers of watchdog, renewal, alerts. Cron lines without systemd."""

from __future__ import annotations

import shlex
import sys
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from installer.host import boot_files, systemd
from installer.host.systemd import DEFAULT_INSTANCE, Properties, Unit, unit_name
from runtime.base import command
from runtime.base.errors import ShoestringError, UsageError
from runtime.config.settings import Settings
from runtime.docker.images import TEMPLATES

FOLDER = TEMPLATES / "systemd"
SANDBOX = "sandbox.conf"
# The units of each job: what does it; and what starts that, which may be the same.
START, WATCHDOG, RENEW, ALARM = "start", "watchdog", "renew", "alarm"
JOBS = {
    START: ("shoestring.service",),
    WATCHDOG: ("shoestring-watchdog.service", "shoestring-watchdog.timer"),
    RENEW: ("shoestring-renew.service", "shoestring-renew.timer"),
    ALARM: ("shoestring-alarm.service", "shoestring-alarm.timer"),
}
_ALL = tuple(unit for units in JOBS.values() for unit in units)
# Emptied by the host itself, and units have such directories of their own.
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - refused, not used
# That of systemd's units (systemd.exec(5)).
_CRON_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROPERTIES = (
    *("Id", "UnitFileState", "ActiveState", "Result", "ExecMainStatus", "NextElapseUSecRealtime"),
    *("ExecMainStartTimestampMonotonic", "ExecMainExitTimestampMonotonic"),
)


class State(StrEnum):
    """How the units of one job are."""

    ON = "on"
    OFF = "off"
    OUTDATED = "outdated"
    MISSING = "missing"


@dataclass(frozen=True)
class Last:
    """The last run of a job: when it began (seconds since 1970), how long it took, how it ended.

    `result` is systemd's word, `success` if it is well; `seconds` is None while it runs.
    """

    began: float
    seconds: float | None
    result: str
    exit_code: int


@dataclass(frozen=True)
class Job:
    """One of the jobs of an instance; `next` is in seconds since 1970, None if it has no timer or it is off."""

    name: str
    service: str
    state: State
    next: float | None = None
    last: Last | None = None

    @property
    def is_on(self) -> bool:
        """Whether nothing has to be done about it."""
        return self.state is State.ON


def names(instance: str) -> tuple[str, ...]:
    """The names of all units of an instance."""
    return tuple(unit_name(unit, instance) for unit in _ALL)


def units(settings: Settings, root: Path, python: str = sys.executable) -> tuple[Unit, ...]:
    """The units of an instance. Raises UsageError for a data directory that they could not work with."""
    for directory in _TEMPORARY:
        if root.is_relative_to(directory):
            raise UsageError(
                f"{root} cannot have timers: {directory} is emptied by the host. Choose another data directory, "
                "or setup with --no-timers."
            )
    instance = settings.instance
    words = {
        "@SANDBOX@": (FOLDER / SANDBOX).read_text(encoding="utf-8").strip(),
        "@RUNTIME@": f"{systemd.quoted(python)} -I -m runtime --data-directory {systemd.quoted(root)}",
        "@DATA_DIRECTORY@": systemd.quoted(root),
        "@INSTANCE@": instance,
        "@VPN@": f"wg-quick@{settings.wireguard.interface}.service",
        "@START@": unit_name("shoestring.service", instance),
        "@WATCHDOG@": unit_name("shoestring-watchdog.service", instance),
        "@WATCHDOG_TIMER@": unit_name("shoestring-watchdog.timer", instance),
        "@RENEW@": unit_name("shoestring-renew.service", instance),
        "@RENEW_TIMER@": unit_name("shoestring-renew.timer", instance),
        "@ALARM@": unit_name("shoestring-alarm.service", instance),
        "@ALARM_TIMER@": unit_name("shoestring-alarm.timer", instance),
    }
    return tuple(Unit(unit_name(unit, instance), _filled(FOLDER / unit, words)) for unit in _ALL)


def _filled(template: Path, words: Mapping[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def cron_lines(root: Path, domain: str, python: str = sys.executable) -> list[str]:
    """Lines for a file in /etc/cron.d that do what the units do (crontab(5): a % would end the command).

    cron's own PATH has no nft, and it would mail the line of each pass: what fails is told as the settings say.
    Renewals have a minute that follows from the domain, so that not all hosts ask their authority at once.
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
        f"*/5 * * * *   {runtime} alarm",
    ]


def check(settings: Settings, root: Path) -> None:
    """Raise UsageError or ShoestringError for what units could not work with. Changes nothing."""
    units(settings, root)
    if not command.run((sys.executable, "-I", "-c", "import runtime.cli")).ok:
        raise ShoestringError(
            f"{sys.executable} has no Shoestring in it, so timers could not run it. Use one that pipx installed."
        )


def enable(settings: Settings, root: Path) -> None:
    """Write the units and switch them on for the next boot; none starts now. Raises ShoestringError."""
    instance = settings.instance
    systemd.write((*units(settings, root), *boot_files.units(instance)))
    systemd.enable(*_switches(instance))


def start(instance: str, *, boot: bool) -> None:
    """Start the timers now, and with `boot` first what they have to find done: the start at boot."""
    at_boot, *others = _switches(instance)
    if boot:
        systemd.systemctl("start", at_boot)
    systemd.systemctl("start", *others)


def install(settings: Settings, root: Path, *, stopped: bool = False) -> None:
    """Write the units and switch them on. With `stopped`, nothing is started that a person stopped.

    Raises ShoestringError, also if systemd would run a Python that does not have Shoestring.
    """
    check(settings, root)
    enable(settings, root)
    start(settings.instance, boot=not stopped)


def _switches(instance: str) -> list[str]:
    """The unit of each job that systemd has to start, the start at boot first."""
    return [unit_name(units[-1], instance) for units in JOBS.values()]


def remove(instance: str, directory: Path = systemd.UNIT_DIRECTORY) -> None:
    """Switch the units off and remove them; containers go on. Does nothing where there are none."""
    # The units last: only they say that there is something to remove.
    boot_files.remove(instance)
    if written(instance, directory):
        systemd.remove(names(instance), directory)


def written(instance: str, directory: Path = systemd.UNIT_DIRECTORY) -> tuple[str, ...]:
    """The names of the unit files of an instance that are on this host."""
    return tuple(name for name in names(instance) if (directory / name).is_file())


def instances(directory: Path = systemd.UNIT_DIRECTORY) -> frozenset[str]:
    """The instances that have units on this host."""
    stem = JOBS[WATCHDOG][0].removesuffix(".service")
    found = (file.name.removesuffix(".service") for file in directory.glob(f"{stem}*.service"))
    return frozenset(name.partition("@")[2] or DEFAULT_INSTANCE for name in found)


def look(settings: Settings, root: Path) -> tuple[Job, ...]:
    """How the units of an instance are. Changes nothing."""
    instance = settings.instance
    there = {unit.name: systemd.is_written(unit) for unit in units(settings, root)}
    seen = dict(zip(there, systemd.show(there, _PROPERTIES), strict=True))
    start = names(instance)[0]
    if there[start] and not all(map(systemd.is_written, boot_files.units(instance))):
        there[start] = False
    return jobs(instance, there, seen, time.time() - time.clock_gettime(time.CLOCK_MONOTONIC))


def jobs(
    instance: str, there: Mapping[str, bool | None], seen: Mapping[str, Properties], booted: float
) -> tuple[Job, ...]:
    """Put together what files and systemd say. `booted` is when the monotonic clock began, in seconds since 1970."""
    found = []
    for name, templates in JOBS.items():
        mine = [unit_name(unit, instance) for unit in templates]
        service, switch = mine[0], mine[-1]
        how = state([there[unit] for unit in mine], seen[switch])
        upcoming = systemd.moment(seen[switch].get("NextElapseUSecRealtime", ""))
        found.append(Job(name, service, how, upcoming, _last(seen[service], booted)))
    return tuple(found)


def state(there: list[bool | None], switch: Properties) -> State:
    """How a job is whose unit files are like this (see systemd.is_written), and what starts it like that."""
    if None in there:
        return State.MISSING
    if False in there:
        return State.OUTDATED
    return State.ON if switch.get("UnitFileState") == "enabled" else State.OFF


def _last(service: Properties, booted: float) -> Last | None:
    """The last run since boot: systemd forgets the others."""
    began, ended = (
        int(service.get(f"ExecMain{which}TimestampMonotonic") or 0) / 1_000_000 for which in ("Start", "Exit")
    )
    if not began:
        return None
    seconds = ended - began if ended >= began else None
    return Last(booted + began, seconds, service.get("Result", ""), int(service.get("ExecMainStatus") or 0))
