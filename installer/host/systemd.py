"""Units of systemd: write, enable, observe and remove them."""

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
# Quotes do not protect these in a unit, or are ended by them (systemd.syntax(7), systemd.unit(5) on specifiers).
_UNSAFE = frozenset("\"'\\$%")

DEFAULT_INSTANCE = "shoestring"

Properties = Mapping[str, str]


@dataclass(frozen=True)
class SystemdUnit:
    """One unit file, or another file of systemd's such as one of tmpfiles.d(5)."""

    name: str
    content: str
    directory: Path = UNIT_DIRECTORY


def unit_name(unit: str, instance: str) -> str:
    """Return the name of a unit; of another instance than the default one `shoestring-watchdog@INSTANCE.timer`."""
    stem, _, kind = unit.rpartition(".")
    return unit if instance == DEFAULT_INSTANCE else f"{stem}@{instance}.{kind}"


def is_running() -> bool:
    """Return whether this host was booted with systemd."""
    return _BOOTED.is_dir()


def quoted(value: Path | str) -> str:
    """Return a quoted path for a unit file. Raises UsageError for one that a unit cannot contain."""
    text = str(value)
    if not text.isprintable() or _UNSAFE & set(text):
        raise UsageError(f"{text} has a character that systemd units cannot contain: a quote, $, % or \\. Rename it.")
    return f'"{text}"'


def systemctl(*arguments: str) -> None:
    """Run systemctl. Raises CommandError."""
    command.check(("systemctl", *arguments))


def enable(*names: str) -> None:
    """Enable units, from the next boot on. Raises CommandError."""
    systemctl("enable", *names)
    # It creates links that are not on the disk yet: a power cut in the next seconds would lose them.
    command.check(("sync", "--file-system", str(UNIT_DIRECTORY)))


def is_written(unit: SystemdUnit) -> bool | None:
    """Return whether a unit's file has this content; None if there is no such file."""
    try:
        return (unit.directory / unit.name).read_text(encoding="utf-8") == unit.content
    except OSError:
        return None


def write(units: Iterable[SystemdUnit]) -> bool:
    """Write unit files and reload systemd. Returns whether anything changed."""
    changed = []
    for unit in units:
        if not unit.directory.is_dir():
            files.make_directory(unit.directory)
        changed.append(files.write(unit.directory / unit.name, unit.content))
    if any(changed):
        systemctl("daemon-reload")
    return any(changed)


def remove(names: Iterable[str], directory: Path = UNIT_DIRECTORY) -> None:
    """Disable units and remove their files, with what `systemctl edit` added; some may be missing.

    Running ones are stopped after their file is removed: an `ExecStop=` does not run.
    """
    units = tuple(names)
    # systemctl fails for units without a file.
    there = tuple(name for name in units if (directory / name).is_file())
    if there:
        systemctl("disable", *there)
    # First the timers, which would start the others; one whose service is missing counts as failed.
    timers = tuple(name for name in there if name.endswith(".timer"))
    if timers:
        systemctl("stop", *timers)
    for name in units:
        # The unit's own file last: it shows a second run that there is something to remove.
        files.remove_tree(directory / f"{name}.d")
        files.remove(directory / name)
    systemctl("daemon-reload")
    # Both of these fail for a unit that did not run, which systemd has forgotten by now.
    command.run(("systemctl", "stop", *units))
    command.run(("systemctl", "reset-failed", *units))


def show(names: Iterable[str], properties: Iterable[str]) -> tuple[Properties, ...]:
    """Return properties of units, one mapping for each name (systemctl(1), show). Times are in UTC; see `moment`."""
    argv = ("systemctl", "show", f"--property={','.join(properties)}", *names)
    return parse_show(command.check(argv, environment={"TZ": "UTC"}).out)


def parse_show(text: str) -> tuple[Properties, ...]:
    """Read the answer of `systemctl show`: lines of NAME=VALUE, an empty line between two units."""
    return tuple(
        {name: value for name, _, value in (line.partition("=") for line in block.splitlines())}
        for block in text.strip().split("\n\n")
    )


def moment(value: str) -> float | None:
    """Return a time that systemd shows, `Sun 2026-11-22 17:02:00 UTC`, in seconds since 1970; None for no time."""
    words = value.split()
    if len(words) != 4:
        return None
    return datetime.fromisoformat(f"{words[1]}T{words[2]}+00:00").timestamp()
