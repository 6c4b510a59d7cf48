"""Tests start programs from code in strings, which no type checker reads: what these import must exist."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
IMPORT = re.compile(r"\bfrom ((?:runtime|installer)[\w.]*) import (\w+(?: as \w+)?(?:, \w+(?: as \w+)?)*)")


def imports_in_strings(path: Path) -> Iterator[tuple[int, str, str, bool]]:
    """Yield the line, module and name of each import of ours in a string, and whether the name is called there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for found in IMPORT.finditer(node.value):
                for name in found[2].split(", "):
                    is_called = re.search(rf"(?<![.\w]){name.rpartition(' ')[2]}\(", node.value) is not None
                    yield node.lineno, found[1], name.split(" as ")[0], is_called


def exists(module: str, name: str, *, is_called: bool) -> bool:
    try:
        found = getattr(importlib.import_module(module), name, None) or importlib.import_module(f"{module}.{name}")
    except ImportError:
        return False
    return callable(found) or not is_called


def test_imports_in_strings_exist() -> None:
    found = [(path, *each) for path in sorted(TESTS.rglob("*.py")) for each in imports_in_strings(path)]
    assert len(found) > 20
    wrong = [
        f"{path.relative_to(TESTS)}:{line} from {module} import {name}"
        for path, line, module, name, is_called in found
        if not exists(module, name, is_called=is_called)
    ]
    assert wrong == []
