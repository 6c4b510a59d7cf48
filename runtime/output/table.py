"""Lines of aligned columns: the one formatter of tables that go to a pipe, and of short lists. Pure."""

from __future__ import annotations

from collections.abc import Iterable

Row = tuple[str, ...]


def table(rows: Iterable[Row], right: frozenset[int] = frozenset(), margin: str = "  ") -> list[str]:
    """Return lines of columns, each as wide as its widest cell.

    The columns in `right`, counted from 0, are aligned to the right; they are for numbers. The last cell of a row
    that is shorter than others may continue under the next columns.
    """
    every = list(rows)
    columns = max((len(row) for row in every), default=0)
    widths = [
        max((len(row[column]) for row in every if len(row) > column + 1 or len(row) == columns), default=0)
        for column in range(columns)
    ]
    lines = (
        "  ".join(
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=False))
        )
        for row in every
    )
    return [f"{margin}{line}".rstrip() for line in lines]
