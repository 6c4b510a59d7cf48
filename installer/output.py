"""Tables and lines on a terminal, by rich. What goes to a pipe is made by runtime/output."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runtime.output.table import table


@dataclass(frozen=True)
class Cell:
    """A cell of a table, in a color of rich's, or in none."""

    text: str
    color: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table; one that `folds` is broken into lines where the terminal is too narrow."""

    name: str
    folds: bool = False


def is_terminal() -> bool:
    """Return whether the output goes to a terminal."""
    return sys.stdout.isatty()


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Print a table: with colors on a terminal, as plain aligned lines in a pipe."""
    if not is_terminal():
        cells = (tuple(cell.text for cell in row) for row in rows)
        print("\n".join(table([tuple(column.name for column in columns), *cells])))
        return
    drawn = Table(box=None, pad_edge=True, padding=(0, 1), header_style="bold")
    for column in columns:
        drawn.add_column(column.name, overflow="fold", no_wrap=not column.folds)
    for row in rows:
        drawn.add_row(*(Text(cell.text, style=cell.color) for cell in row))
    _console().print(drawn)


def print_line(*parts: Cell | str) -> None:
    """Print one line of parts, which may have colors; a narrow terminal breaks it where it likes."""
    cells = (part if isinstance(part, Cell) else Cell(part) for part in parts)
    _console().print(Text.assemble(*((cell.text, cell.color) for cell in cells)), soft_wrap=True)


def _console() -> Console:
    return Console(highlight=False, soft_wrap=False)
