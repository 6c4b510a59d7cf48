"""The rules for names: a class name means one thing in the whole code base."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for package in ("runtime", "installer")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def definitions(sources: Mapping[str, str]) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
    for path, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield f"{path}:{node.lineno}", node


def duplicate_classes(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the class names that are defined more than once, with the places."""
    found = defaultdict(list)
    for place, node in definitions(sources):
        if isinstance(node, ast.ClassDef):
            found[node.name].append(place)
    return {name: places for name, places in found.items() if len(places) > 1}


def test_class_names_are_unique() -> None:
    assert duplicate_classes(SOURCES) == {}


def test_duplicate_classes_are_found_across_files() -> None:
    sources = {"a.py": "class Plan:\n    class Step: ...\n", "b.py": "class Step: ...\nclass Other: ...\n"}
    assert duplicate_classes(sources) == {"Step": ["a.py:2", "b.py:1"]}
