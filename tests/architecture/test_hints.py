"""Every command that a message names is completed with the data directory of an instance; see runtime.base.hints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from runtime.base import hints

ROOT = Path(__file__).parents[2]
COMMAND = re.compile(r"(?<![\w/.-])shoestring (?P<name>[a-z]+)")
# These are about the host, not about an instance.
OF_THE_HOST = {"memory", "swap"}
# Not commands: marks that are written into files.
MARKS = {"  # shoestring registry of X", "shoestring firewall X"}


def text_of(node: ast.expr) -> str:
    """Return a text; what is filled in is `X`, and an option that is filled in is left out."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text_of, node.values))
    if isinstance(node, ast.FormattedValue):
        return "" if any(name in ast.unparse(node) for name in ("option", "where", "lines")) else "X"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def messages(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string that is no docstring and no part of another string."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            skipped.update(each for each in ast.walk(node) if each is not node)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.Constant) and node not in skipped:
            yield node.lineno, text_of(node)


def incomplete(text: str) -> list[str]:
    """Return the commands of an instance in a text that `hints` does not complete."""
    if text in MARKS:
        return []
    completed = hints.complete(text, Path("/srv/demo"))
    named = [found["name"] for found in COMMAND.finditer(text) if found["name"] not in OF_THE_HOST]
    return named if completed.count(hints.OPTION) - text.count(hints.OPTION) != len(named) else []


def test_commands_in_messages_are_completed() -> None:
    wrong, found = [], 0
    for path in sorted(each for package in ("runtime", "installer") for each in (ROOT / package).rglob("*.py")):
        for line, text in messages(ast.parse(path.read_text(encoding="utf-8"))):
            found += len(COMMAND.findall(text))
            wrong += [f"{path.relative_to(ROOT)}:{line} shoestring {name}" for name in incomplete(text)]
    assert found > 80
    assert wrong == []


def test_unknown_command_is_found() -> None:
    assert incomplete("Run: shoestring begin") == ["begin"]
    assert incomplete("Run: shoestring start, or shoestring memory") == []
