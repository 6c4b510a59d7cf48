"""Lines of cron that run Shoestring: users add them, and must remove them before an uninstallation."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

# crontab(5), cron(8) of Debian: the host's own, the packages', and root's.
TABLES = (Path("/etc/crontab"), Path("/var/spool/cron/crontabs/root"), Path("/var/spool/cron/root"))
DIRECTORY = Path("/etc/cron.d")


def observe(root: Path, *, is_default: bool) -> tuple[Path, ...]:
    """Return the crontabs that run Shoestring for a data directory; `is_default`: it is the default one."""
    return tuple(table for table in _tables() if runs(_text(table), root, is_default=is_default))


def runs(text: str, root: Path, *, is_default: bool) -> bool:
    """Return whether a crontab has such a line."""
    return any(_runs(line, root, is_default) for line in text.splitlines() if not line.lstrip().startswith("#"))


def _runs(line: str, root: Path, is_default: bool) -> bool:
    try:
        # The backslash before a % is for cron; the shell does not see it.
        words = shlex.split(line.replace(r"\%", "%"))
    except ValueError:
        words = line.split()
    if "runtime" not in words and not any(word.endswith("shoestring") for word in words[:8]):
        return False
    if "--data-directory" in words[:-1]:
        return words[words.index("--data-directory") + 1] == str(root)
    return is_default and bool({"start", "watchdog", "renew", "check", "alarm"} & set(words))


def _tables() -> Iterator[Path]:
    yield from TABLES
    if DIRECTORY.is_dir():
        yield from sorted(DIRECTORY.iterdir())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
