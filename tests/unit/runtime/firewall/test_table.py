"""Answers recorded from nft 1.0.6."""

from __future__ import annotations

import pytest

from runtime.base import command
from runtime.base.command import Result
from runtime.base.errors import ShoestringError
from runtime.firewall import table
from runtime.firewall.rules import Rules
from runtime.firewall.table import InstalledTable

META = '{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}'
TABLES = f'{{"nftables": [{META}, {{"table": {{"family": "inet", "name": "shoestring_a", "handle": 4}}}}]}}'
TABLE = """table inet shoestring_a {
	chain host {
		tcp dport 22 accept comment "SSH"
		drop comment "shoestring eb20e027dfbc66f6"
	}
}
"""


def test_parse_tables_names() -> None:
    assert table.parse_tables(TABLES) == ("shoestring_a",)
    assert table.parse_tables(f'{{"nftables": [{META}]}}') == ()


def test_parse_mark() -> None:
    assert table.parse(TABLE) == InstalledTable("eb20e027dfbc66f6", TABLE)


def test_parse_emptied_table_has_no_mark() -> None:
    assert table.parse("table inet shoestring_a {\n}\n").mark == ""


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (TABLE, True),
        (TABLE.replace("{\n", "{\n\tflags dormant\n\n", 1), False),
        (TABLE.replace("22 accept", "22-9999 accept"), False),
    ],
)
def test_is_like_loaded_table(now: str, expected: bool) -> None:
    wanted = Rules("shoestring_a", "", "eb20e027dfbc66f6")
    assert table.parse(now).matches(wanted, TABLE) is expected
    assert not table.parse(now).matches(wanted, "")


@pytest.mark.parametrize(
    ("tables", "listed", "message"),
    [
        (
            Result((), 1, "", "Operation not permitted (you must be root)"),
            Result((), 0, TABLE, ""),
            "nft cannot list tables, so the firewall is not known: Operation not permitted (you must be root). "
            "It needs root and a kernel with nftables; try: nft list tables inet",
        ),
        (
            Result((), 0, TABLES, ""),
            Result((), 1, "", "Error: out of memory"),
            "nft cannot list the table shoestring_a, so the firewall is not known: Error: out of memory. "
            "Try: nft list table inet shoestring_a",
        ),
    ],
)
def test_observe_reports_nft_failure(
    monkeypatch: pytest.MonkeyPatch, tables: Result, listed: Result, message: str
) -> None:
    monkeypatch.setattr(command, "exists", lambda _program: True)
    monkeypatch.setattr(command, "run", lambda argv, **_options: tables if "tables" in argv else listed)
    with pytest.raises(ShoestringError) as error:
        table.inspect("shoestring_a")
    assert str(error.value) == message
