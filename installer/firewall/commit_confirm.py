"""Commit-confirm: rules are loaded, and rolled back automatically after a while unless they are confirmed.

The rollback is started before they are loaded, and depends neither on this process nor on the connection that it is
run from: it is a timer of systemd, or without systemd a process in a session of its own that sleeps until then. Both
load a file; without the file they do nothing.
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
from runtime.firewall.table import InstalledTable

SECONDS = 60
FILE, UNDO = "firewall-unconfirmed.nft", "firewall-undo.nft"
UNIT = "shoestring-firewall-undo.service"
# The file's name is an argument, so that nothing of it is taken for a command.
_SLEEPER = 'sleep "$1"; test ! -e "$2" || exec nft --file "$2"'


@dataclass(frozen=True)
class PendingCommit:
    """Rules that are active until they are confirmed or rolled back.

    `process` rolls them back where systemd does not. `present` is the table as it is with them.
    """

    instance: str
    ruleset: Rules
    undo: Path
    process: int = 0
    present: InstalledTable | None = None


def begin(instance: str, ruleset: Rules, before: str, seconds: int = SECONDS) -> PendingCommit:
    """Load rules for some seconds. `before` are those that are restored, for nft(8); empty: none.

    Raises ShoestringError, and then the previous rules are still active.
    """
    run = RunPaths(instance)
    files.make_directory(run.directory)
    back, new = run.directory / UNDO, run.directory / FILE
    files.write(back, before or f"{rules.clear(ruleset.table)}\n", mode=0o600)
    files.write(new, ruleset.text, mode=0o600)
    pending = PendingCommit(instance, ruleset, back, _arm(instance, back, seconds))
    try:
        table.load(new)
    except BaseException:
        # nft has changed nothing, so there is nothing to undo.
        confirm(pending)
        raise
    finally:
        files.remove(new)
    try:
        return replace(pending, present=table.inspect(ruleset.table))
    except BaseException:
        roll_back(pending)
        raise


def is_pending(pending: PendingCommit) -> bool:
    """Return whether the active rules are these, not rolled back yet. Raises ShoestringError."""
    return (
        pending.undo.exists()
        and pending.present is not None
        and table.inspect(pending.ruleset.table) == pending.present
    )


def confirm(pending: PendingCommit) -> None:
    """Cancel the rollback."""
    # From here on there is nothing to load, even if something still runs.
    files.remove(pending.undo)
    if pending.process:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pending.process, signal.SIGTERM)
    else:
        command.run(("systemctl", "stop", f"{_timer(pending.instance)}.timer"))


def roll_back(pending: PendingCommit) -> None:
    """Restore the previous rules at once. Raises ShoestringError."""
    table.load(pending.undo)
    confirm(pending)


def _timer(instance: str) -> str:
    return unit_name(UNIT, instance).removesuffix(".service")


def _arm(instance: str, undo: Path, seconds: int) -> int:
    """Start the rollback. Returns the process that waits for it; 0 where systemd does."""
    if not systemd.is_running():
        return command.spawn_detached(("sh", "-c", _SLEEPER, "sh", str(seconds), str(undo)))
    # One of an earlier commit, which was not confirmed, may still exist.
    command.run(("systemctl", "stop", f"{_timer(instance)}.timer"))
    when = (f"--on-active={seconds}", "--timer-property=AccuracySec=100ms")
    name = f"--unit={_timer(instance)}"
    command.check(("systemd-run", "--quiet", "--collect", name, *when, "nft", "--file", str(undo)))
    return 0
