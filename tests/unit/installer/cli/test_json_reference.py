from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from installer.cli import json_reference


class Color(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Leaf:
    size: Annotated[int, "bytes"]


@dataclass(frozen=True)
class Branch:
    color: Color
    leaf: Annotated[Leaf | None, "its leaf"]


@dataclass(frozen=True)
class Tree:
    branches: Annotated[tuple[Branch, ...], "from below"]
    file: Path | None = None


def test_table_of_nested_types() -> None:
    assert json_reference.table(Tree).splitlines()[2:] == [
        "| `branches[]` | object | from below |",
        "| `.color` | `red`, `green` |  |",
        "| `.leaf` | object or null | its leaf |",
        "| `.leaf.size` | number | bytes |",
        "| `file` | text or null |  |",
    ]
