"""Answers of nft 1.0.6, as it gave them."""

from __future__ import annotations

import pytest

from runtime import command
from runtime.command import Result
from runtime.errors import ShoestringError
from runtime.firewall import table
from runtime.firewall.table import Present

META = '{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}'
TABLES = f'{{"nftables": [{META}, {{"table": {{"family": "inet", "name": "shoestring_a", "handle": 4}}}}]}}'
TABLE = f"""{{"nftables": [{META},
{{"table": {{"family": "inet", "name": "shoestring_a", "handle": 2}}}},
{{"chain": {{"family": "inet", "table": "shoestring_a", "name": "host", "handle": 2}}}},
{{"rule": {{"family": "inet", "table": "shoestring_a", "chain": "host", "handle": 5, "comment": "SSH",
  "expr": [{{"match": {{"op": "==", "left": {{"payload": {{"protocol": "tcp", "field": "dport"}}}}, "right": 22}}}},
  {{"accept": null}}]}}}},
{{"rule": {{"family": "inet", "table": "shoestring_a", "chain": "host", "handle": 6,
  "comment": "shoestring eb20e027dfbc66f6", "expr": [{{"drop": null}}]}}}}]}}"""


def test_the_tables_that_are_there() -> None:
    assert table.parse_tables(TABLES) == ("shoestring_a",)
    assert table.parse_tables(f'{{"nftables": [{META}]}}') == ()


def test_the_mark_of_a_table() -> None:
    assert table.parse(TABLE) == Present("eb20e027dfbc66f6", 2)


def test_a_table_that_was_emptied_has_no_mark() -> None:
    assert table.parse(TABLES) == Present("", 0)


@pytest.mark.parametrize(
    ("tables", "listed", "said"),
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
def test_what_nft_does_not_tell(monkeypatch: pytest.MonkeyPatch, tables: Result, listed: Result, said: str) -> None:
    monkeypatch.setattr(command, "exists", lambda _program: True)
    monkeypatch.setattr(command, "run", lambda argv, **_options: tables if "tables" in argv else listed)
    with pytest.raises(ShoestringError) as error:
        table.look("shoestring_a")
    assert str(error.value) == said
