"""The firewall's table in the kernel: what is there, put there, taken away. By nft(8)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from runtime import command, files
from runtime.errors import ShoestringError
from runtime.firewall import rules
from runtime.firewall.rules import Rules

TIMEOUT_SECONDS = 20.0
MISSING = "nft is not installed on this host, so there is no firewall. Install the package nftables."


@dataclass(frozen=True)
class Present:
    """A table that is in the kernel: the mark that it was made with, and how many rules are in it."""

    mark: str
    number: int

    def is_like(self, wanted: Rules) -> bool:
        """Whether it is what it should be."""
        return (self.mark, self.number) == (wanted.mark, wanted.number)


def is_installed() -> bool:
    """Whether this host has nft."""
    return command.exists("nft")


def look(table: str) -> Present | None:
    """The table as it is; None if there is none. Raises ShoestringError without nft, or without the right to ask."""
    if not is_installed():
        raise ShoestringError(MISSING)
    if table not in _tables():
        return None
    result = command.run(("nft", "--json", "list", "table", "inet", table), timeout=TIMEOUT_SECONDS)
    if result.ok:
        return parse(result.out)
    # An undo, or somebody else, may have removed it between the two questions.
    if table not in _tables():
        return None
    raise ShoestringError(
        f"nft cannot list the table {table}, so the firewall is not known: {result.tail(1)}. "
        f"Try: nft list table inet {table}"
    )


def _tables() -> tuple[str, ...]:
    result = command.run(("nft", "--json", "list", "tables", "inet"), timeout=TIMEOUT_SECONDS)
    if not result.ok:
        raise ShoestringError(
            f"nft cannot list tables, so the firewall is not known: {result.tail(1)}. It needs root and a kernel "
            "with nftables; try: nft list tables inet"
        )
    return parse_tables(result.out)


def parse_tables(text: str) -> tuple[str, ...]:
    """The names of tables, from `nft --json list tables` (libnftables-json(5))."""
    return tuple(str(each["table"]["name"]) for each in json.loads(text)["nftables"] if "table" in each)


def parse(text: str) -> Present:
    """The mark and the number of rules, from `nft --json list table` (libnftables-json(5))."""
    found = [each["rule"] for each in json.loads(text)["nftables"] if "rule" in each]
    comments = (str(each.get("comment", "")) for each in found)
    marks = [each.removeprefix(rules.MARK_PREFIX) for each in comments if each.startswith(rules.MARK_PREFIX)]
    return Present(marks[0] if marks else "", len(found))


def load(file: Path) -> None:
    """Load a file of rules: all of it at once, or nothing. Raises CommandError."""
    if not is_installed():
        raise ShoestringError(MISSING)
    command.check(("nft", "--file", str(file)), timeout=TIMEOUT_SECONDS)


def install(file: Path, content: str, table: str) -> None:
    """Write the file that is loaded at boot, and load it; without `content`, remove both file and table."""
    if content:
        files.make_directory(file.parent)
        files.write(file, content, mode=0o600)
        load(file)
    else:
        remove(table)
        files.remove(file)


def remove(table: str) -> None:
    """Remove a table, if it is there. What others have in nftables stays as it is."""
    command.check(("nft", "--file", "-"), stdin=f"{rules.clear(table)}\n", timeout=TIMEOUT_SECONDS)
