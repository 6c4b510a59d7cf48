"""The rules for names: a class name means one thing, and a function's name says what it does."""

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

# Verbs that do not say what a function does. The code has: inspect, observe, report, notify, repair, confirm.
VAGUE = {"look", "take", "tell", "told", "mend", "settle", "agree", "quiet"}


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


def test_functions_have_no_vague_names() -> None:
    wrong = [
        f"{place} {node.name}"
        for place, node in definitions(SOURCES)
        if isinstance(node, ast.FunctionDef) and VAGUE & set(node.name.strip("_").split("_"))
    ]
    assert wrong == []
