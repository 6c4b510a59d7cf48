from __future__ import annotations

from runtime.output.table import table


def test_table_aligns_columns() -> None:
    rows = [("NAME", "SIZE", "FROM"), ("a", "10 MB", "here"), ("longer", "9 B", "")]
    assert table(rows, right=frozenset((1,))) == ["  NAME     SIZE  FROM", "  a       10 MB  here", "  longer    9 B"]


def test_table_lets_the_last_cell_of_a_short_row_continue() -> None:
    assert table([("a", "one", "x"), ("a", "a sentence"), ("b", "two", "y")], margin="") == [
        "a  one  x",
        "a  a sentence",
        "b  two  y",
    ]


def test_table_without_rows() -> None:
    assert table([]) == []
