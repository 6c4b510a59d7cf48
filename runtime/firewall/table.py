"""The firewall's table in the kernel: what is there, put there, taken away. By nft(8)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from runtime.base import command, files
from runtime.base.errors import ShoestringError
from runtime.firewall import rules
from runtime.firewall.rules import Rules

TIMEOUT_SECONDS = 20.0
_MARK = re.compile(rf'comment "{rules.MARK_PREFIX}(?P<mark>[0-9a-f]+)"')
MISSING = "nft is not installed on this host, so there is no firewall. Install the package nftables."


@dataclass(frozen=True)
class InstalledTable:
    """A table that is in the kernel: the mark that it was made with, and all of it as nft lists it."""

    mark: str
    listing: str

    def matches(self, desired: Rules, recorded_listing: str) -> bool:
        """Return whether it is what it should be; `recorded` is how it was listed when it had just been loaded."""
        return (self.mark, self.listing) == (desired.mark, recorded_listing)


def is_installed() -> bool:
    """Return whether this host has nft."""
    return command.exists("nft")


def inspect(table: str) -> InstalledTable | None:
    """Return the table as it is; None if there is none. Raises ShoestringError without nft, or without the right to
    ask.
    """
    if not is_installed():
        raise ShoestringError(MISSING)
    if table not in names():
        return None
    # As text: nft 1.0.6 leaves the flags of a table out of its JSON, and with one (`dormant`) no rule counts.
    argv = ("nft", "--stateless", "--numeric", "list", "table", "inet", table)
    result = command.run(argv, timeout=TIMEOUT_SECONDS)
    if result.ok:
        return parse(result.out)
    # An undo, or somebody else, may have removed it between the two questions.
    if table not in names():
        return None
    raise ShoestringError(
        f"nft cannot list the table {table}, so the firewall is not known: {result.tail(1)}. "
        f"Try: nft list table inet {table}"
    )


def names() -> tuple[str, ...]:
    """Return all tables of nftables for both families. Raises ShoestringError without the right to ask."""
    result = command.run(("nft", "--json", "list", "tables", "inet"), timeout=TIMEOUT_SECONDS)
    if not result.ok:
        raise ShoestringError(
            f"nft cannot list tables, so the firewall is not known: {result.tail(1)}. It needs root and a kernel "
            "with nftables; try: nft list tables inet"
        )
    return parse_tables(result.out)


def parse_tables(text: str) -> tuple[str, ...]:
    """Return the names of tables, from `nft --json list tables` (libnftables-json(5))."""
    return tuple(str(each["table"]["name"]) for each in json.loads(text)["nftables"] if "table" in each)


def parse(text: str) -> InstalledTable:
    """Return a table, from `nft list table`; the mark is empty if its rule was removed."""
    found = _MARK.search(text)
    return InstalledTable(found["mark"] if found else "", text)


def load(file: Path) -> None:
    """Load a file of rules: all of it at once, or nothing. Raises CommandError."""
    if not is_installed():
        raise ShoestringError(MISSING)
    command.check(("nft", "--file", str(file)), timeout=TIMEOUT_SECONDS)


def install(file: Path, content: str, table: str) -> None:
    """Write the file that is loaded at boot, load it, and save what nft lists of it; without `content`, remove all.

    Raises ShoestringError. If it is killed in between, the next run of the watchdog sees that the table is not as
    saved, and repeats it.
    """
    if not content:
        remove(table)
        remove_files(file)
        return
    files.make_directory(file.parent)
    candidate = file.with_suffix(".candidate")
    files.write(candidate, content, mode=0o600)
    try:
        # All of it or nothing: what the kernel refuses does not replace the last good file.
        load(candidate)
        files.write(file, content, mode=0o600)
    finally:
        files.remove(candidate)
    present = inspect(table)
    files.write(_listed(file), present.listing if present else "", mode=0o600)


def keep_fallback(file: Path, content: str) -> None:
    """Write the rules for a boot that cannot load the firewall; without `content`, remove them."""
    if not content:
        files.remove(file)
        return
    files.make_directory(file.parent, mode=0o700)
    files.write(file, content, mode=0o600)


def recorded_listing(file: Path) -> str:
    """Return what nft listed of the table when a file had just been loaded for good; empty if it was not."""
    try:
        return _listed(file).read_text(encoding="utf-8")
    except OSError:
        return ""


def remove_files(file: Path) -> None:
    """Remove the file that is loaded at boot, and the note."""
    files.remove(file)
    files.remove(_listed(file))


def _listed(file: Path) -> Path:
    return file.with_suffix(".listed")


def remove(table: str) -> None:
    """Remove a table, if it is there. What others have in nftables stays as it is."""
    command.check(("nft", "--file", "-"), stdin=f"{rules.clear(table)}\n", timeout=TIMEOUT_SECONDS)
