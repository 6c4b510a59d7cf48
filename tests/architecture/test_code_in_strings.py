"""Tests start programs from code in strings, which no type checker reads: what these import must exist."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
IMPORT = re.compile(r"\bfrom ((?:runtime|installer)[\w.]*) import (\w+(?: as \w+)?(?:, \w+(?: as \w+)?)*)")


def imports_in_strings(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield the line, module and name of each import of ours that stands in a string."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for found in IMPORT.finditer(node.value):
                yield from ((node.lineno, found[1], name.split(" as ")[0]) for name in found[2].split(", "))


def exists(module: str, name: str) -> bool:
    try:
        if hasattr(importlib.import_module(module), name):
            return True
        importlib.import_module(f"{module}.{name}")
    except ImportError:
        return False
    return True


def test_imports_in_strings_exist() -> None:
    found = [(path, *each) for path in sorted(TESTS.rglob("*.py")) for each in imports_in_strings(path)]
    assert len(found) > 20
    wrong = [
        f"{path.relative_to(TESTS)}:{line} from {module} import {name}"
        for path, line, module, name in found
        if not exists(module, name)
    ]
    assert wrong == []
