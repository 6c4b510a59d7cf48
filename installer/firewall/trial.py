"""Rules on trial: loaded, and undone by themselves after a while unless somebody keeps them.

What undoes them is started before they are loaded, and depends neither on this process nor on the connection that it
is run from: a timer of systemd's, or where there is none, a process in a session of its own that sleeps until then.
Both load a file; where that is gone, they do nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path

from installer.host import systemd
from installer.host.systemd import unit_name
from runtime.base import command, files
from runtime.base.paths import RunPaths
from runtime.firewall import rules, table
from runtime.firewall.rules import Rules
from runtime.firewall.table import Present

SECONDS = 60
FILE, UNDO = "firewall-trial.nft", "firewall-undo.nft"
UNIT = "shoestring-firewall-undo.service"
# The file's name is an argument, so that nothing of it is taken for a command.
_SLEEPER = 'sleep "$1"; test ! -e "$2" || exec nft --file "$2"'


@dataclass(frozen=True)
class Trial:
    """Rules that are in force for now.

    `process` undoes them where systemd does not. `present` is the table as it is with them.
    """

    instance: str
    wanted: Rules
    undo: Path
    process: int = 0
    present: Present | None = None


def begin(instance: str, wanted: Rules, before: str, seconds: int = SECONDS) -> Trial:
    """Load rules for so many seconds. `before` are those that come back, for nft(8); empty: none.

    Raises ShoestringError, and then what was in force still is.
    """
    run = RunPaths(instance)
    files.make_directory(run.directory)
    back, new = run.directory / UNDO, run.directory / FILE
    files.write(back, before or f"{rules.clear(wanted.table)}\n", mode=0o600)
    files.write(new, wanted.text, mode=0o600)
    trial = Trial(instance, wanted, back, _arm(instance, back, seconds))
    try:
        table.load(new)
    except BaseException:
        # nft has changed nothing, so there is nothing to undo.
        keep(trial)
        raise
    finally:
        files.remove(new)
    try:
        return replace(trial, present=table.look(wanted.table))
    except BaseException:
        undo(trial)
        raise


def is_in_force(trial: Trial) -> bool:
    """Whether the rules are those on trial, and not undone yet. Raises ShoestringError."""
    return trial.undo.exists() and trial.present is not None and table.look(trial.wanted.table) == trial.present


def keep(trial: Trial) -> None:
    """Nothing undoes the rules any more."""
    # From here on there is nothing to load, whatever still runs.
    files.remove(trial.undo)
    if trial.process:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(trial.process, signal.SIGTERM)
    else:
        command.run(("systemctl", "stop", f"{_timer(trial.instance)}.timer"))


def undo(trial: Trial) -> None:
    """Have the rules of before at once. Raises ShoestringError."""
    table.load(trial.undo)
    keep(trial)


def _timer(instance: str) -> str:
    return unit_name(UNIT, instance).removesuffix(".service")


def _arm(instance: str, undo: Path, seconds: int) -> int:
    """Have the undo done later. Returns the process that waits for it; 0 where systemd does."""
    if not systemd.is_running():
        return command.spawn_detached(("sh", "-c", _SLEEPER, "sh", str(seconds), str(undo)))
    # One of an earlier trial, which was not kept, may still be there.
    command.run(("systemctl", "stop", f"{_timer(instance)}.timer"))
    when = (f"--on-active={seconds}", "--timer-property=AccuracySec=100ms")
    name = f"--unit={_timer(instance)}"
    command.check(("systemd-run", "--quiet", "--collect", name, *when, "nft", "--file", str(undo)))
    return 0
