from __future__ import annotations

from runtime.output.table import table


def test_table_aligns_columns() -> None:
    rows = [("NAME", "SIZE", "FROM"), ("a", "10 MB", "here"), ("longer", "9 B", "")]
    assert table(rows, right=frozenset((1,))) == ["  NAME     SIZE  FROM", "  a       10 MB  here", "  longer    9 B"]


def test_table_last_cell_of_short_row() -> None:
    assert table([("a", "one", "x"), ("a", "a sentence"), ("b", "two", "y")], margin="") == [
        "a  one  x",
        "a  a sentence",
        "b  two  y",
    ]


def test_table_without_rows() -> None:
    assert table([]) == []
