"""Units of systemd: written, switched on, looked at, removed. Which units there are is said elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from runtime.base import command, files
from runtime.base.errors import UsageError

UNIT_DIRECTORY = Path("/etc/systemd/system")
# sd_booted(3): there, and only there, is this directory.
_BOOTED = Path("/run/systemd/system")
# What quotes do not protect in a unit, or what ends them (systemd.syntax(7), systemd.unit(5) on specifiers).
_UNSAFE = frozenset("\"'\\$%")

DEFAULT_INSTANCE = "shoestring"

Properties = Mapping[str, str]


@dataclass(frozen=True)
class Unit:
    """One unit file, or another file of systemd's such as one of tmpfiles.d(5)."""

    name: str
    content: str
    directory: Path = UNIT_DIRECTORY


def unit_name(unit: str, instance: str) -> str:
    """What a unit is called: of another instance than the default one, `shoestring-watchdog@INSTANCE.timer`."""
    stem, _, kind = unit.rpartition(".")
    return unit if instance == DEFAULT_INSTANCE else f"{stem}@{instance}.{kind}"


def is_running() -> bool:
    """Whether systemd is what this host was booted with."""
    return _BOOTED.is_dir()


def quoted(value: Path | str) -> str:
    """A path for a unit file. Raises UsageError for one that a unit cannot carry."""
    text = str(value)
    if not text.isprintable() or _UNSAFE & set(text):
        raise UsageError(f"{text} has a character that a systemd unit cannot carry: a quote, $, % or \\. Rename it.")
    return f'"{text}"'


def systemctl(*arguments: str) -> None:
    """Run systemctl. Raises CommandError."""
    command.check(("systemctl", *arguments))


def enable(*names: str) -> None:
    """Have units start at each boot, from the next one on. Raises CommandError."""
    systemctl("enable", *names)
    # It makes links and leaves them in memory, where a power cut in the next seconds would take them away.
    command.check(("sync", "--file-system", str(UNIT_DIRECTORY)))


def is_written(unit: Unit) -> bool | None:
    """Whether a unit's file has this content; None if there is no such file."""
    try:
        return (unit.directory / unit.name).read_text(encoding="utf-8") == unit.content
    except OSError:
        return None


def write(units: Iterable[Unit]) -> bool:
    """Write unit files and tell systemd. Returns whether anything changed."""
    changed = []
    for unit in units:
        if not unit.directory.is_dir():
            files.make_directory(unit.directory)
        changed.append(files.write(unit.directory / unit.name, unit.content))
    if any(changed):
        systemctl("daemon-reload")
    return any(changed)


def remove(names: Iterable[str], directory: Path = UNIT_DIRECTORY) -> None:
    """Switch units off and remove their files, with what a person added by `systemctl edit`; some may be gone.

    Those that run are stopped when their file is gone: an `ExecStop=` does not run.
    """
    wanted = tuple(names)
    # What has no file any more systemctl calls an error.
    there = tuple(name for name in wanted if (directory / name).is_file())
    if there:
        systemctl("disable", *there)
    # First what would start the others; a timer whose service has gone counts as failed.
    timers = tuple(name for name in there if name.endswith(".timer"))
    if timers:
        systemctl("stop", *timers)
    for name in wanted:
        # The unit's own file last: it says to a second run that there is something to remove.
        files.remove_tree(directory / f"{name}.d")
        files.remove(directory / name)
    systemctl("daemon-reload")
    # A unit that did not run is forgotten by now, which both of these call an error.
    command.run(("systemctl", "stop", *wanted))
    command.run(("systemctl", "reset-failed", *wanted))


def show(names: Iterable[str], properties: Iterable[str]) -> tuple[Properties, ...]:
    """Properties of units, one mapping for each name (systemctl(1), show). Times are in UTC; see `moment`."""
    argv = ("systemctl", "show", f"--property={','.join(properties)}", *names)
    return parse_show(command.check(argv, environment={"TZ": "UTC"}).out)


def parse_show(text: str) -> tuple[Properties, ...]:
    """Read the answer of `systemctl show`: lines of NAME=VALUE, an empty line between two units."""
    return tuple(
        {name: value for name, _, value in (line.partition("=") for line in block.splitlines())}
        for block in text.strip().split("\n\n")
    )


def moment(value: str) -> float | None:
    """A time as systemd shows it, `Sun 2026-11-22 17:02:00 UTC`, in seconds since 1970; None where there is none."""
    words = value.split()
    if len(words) != 4:
        return None
    return datetime.fromisoformat(f"{words[1]}T{words[2]}+00:00").timestamp()
