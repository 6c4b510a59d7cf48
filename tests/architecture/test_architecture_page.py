"""docs/architecture.md and its drawing show the layers that the tests enforce, and names only modules that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DRAWING = (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def layers() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return LAYERS of test_layers.py, read from its source."""
    tree = ast.parse((ROOT / "tests" / "architecture" / "test_layers.py").read_text(encoding="utf-8"))
    assigned = (node for node in tree.body if isinstance(node, ast.Assign))
    (value,) = (node.value for node in assigned if getattr(node.targets[0], "id", "") == "LAYERS")
    found: dict[str, tuple[tuple[str, ...], ...]] = ast.literal_eval(value)
    return found


def test_table_of_layers_is_that_of_the_test() -> None:
    rows = re.findall(r"^\| `(runtime|installer)` \| (`[^|]+`) \|", PAGE, re.MULTILINE)
    shown = {
        package: tuple(tuple(re.findall(r"`(\w+)`", folders)) for name, folders in rows if name == package)
        for package in ("runtime", "installer")
    }
    assert shown == layers()


def test_boxes_of_drawing_are_layers() -> None:
    boxes = re.findall(r'y="(\d+)" class="middle" data-folder="(\w+)/(\w+)">(\w+)<', DRAWING)
    assert [name for *_, folder, name in boxes if folder != name] == []
    shown = {
        # The row of an upper layer is above: it has the smaller y.
        package: tuple(
            tuple(folder for y, of, folder, _ in boxes if of == package and int(y) == row)
            for row in sorted({int(y) for y, of, *_ in boxes if of == package}, reverse=True)
        )
        for package in ("runtime", "installer")
    }
    assert shown == layers()


def test_modules_and_files_of_the_page_exist() -> None:
    dotted = re.findall(r"`((?:runtime|installer)(?:\.[a-z_]+)+)(?:\.[A-Z]\w*)?`", PAGE)
    files = re.findall(r"`((?:runtime|installer|tests|templates|packaging)/[\w./]*)`", PAGE)
    paths = [name.replace(".", "/") + ".py" for name in dotted] + [each for each in files if "NAME" not in each]
    assert len(paths) > 20
    assert [each for each in paths if not (ROOT / each).exists()] == []
