"""Answers of nft 1.0.6, as it gave them."""

from __future__ import annotations

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
