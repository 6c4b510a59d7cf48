"""The page of JSON answers: each command that takes --json is in it, with exactly the types that its code returns."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

import installer.cli
from installer.cli import frame, json_reference, json_sections, users
from installer.cli.main import app
from runtime.context.change import Change
from runtime.context.results import Code

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
ROOT = typer.main.get_command(app)
DESCRIBED = {
    command: {answer.kind.__name__ for answer in section.answers}
    for section in json_sections.SECTIONS
    for command in section.commands
}


def answering(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the names and functions of the commands that take --json, but hidden ones."""
    if any("--json" in each.opts for each in command.params):
        yield name, inspect.unwrap(command.callback)
    for child in getattr(command, "commands", {}).values():
        if not child.hidden:
            yield from answering(child, f"{name} {child.name}".strip())


COMMANDS = dict(answering(ROOT))


def functions(module: ModuleType) -> dict[str, ast.FunctionDef]:
    """Return the functions of a module, those inside others too, by name and line."""
    nodes = [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.FunctionDef)]
    return {node.name: node for node in nodes} | {f"{node.name}:{node.lineno}": node for node in nodes}


def returned(node: ast.AST, module: ModuleType, seen: set[str]) -> set[str]:
    """Return the names of the types that a function passes to `emit`, and those of the functions that it calls."""
    found: set[str] = set()
    for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
        name = ast.unparse(call.func)
        if name == "emit":
            found.add(made(call.args[1], node))
        for place in (module, frame):
            called = functions(place).get(name)
            if called is not None and f"{place.__name__}.{name}" not in seen:
                seen.add(f"{place.__name__}.{name}")
                found |= returned(called, place, seen)
    return found


def made(value: ast.expr, inside: ast.AST) -> str:
    """Return the name of the type in `Type(…)` or `Type.of(…)`, or of the variable that has such a value."""
    if isinstance(value, ast.Name):
        (value,) = (
            each.value
            for each in ast.walk(inside)
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == ast.unparse(value)
        )
    assert isinstance(value, ast.Call), f"emit in {ast.unparse(inside)[:60]} must name the type of its result"
    return ast.unparse(value.func).split(".")[0]


def test_each_command_with_json_has_one_section() -> None:
    listed = [command for section in json_sections.SECTIONS for command in section.commands]
    assert sorted(listed) == sorted(COMMANDS)
    headings = re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {command for heading in headings for command in heading.split(", ")} >= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_command_returns_types_of_its_section(name: str) -> None:
    command = COMMANDS[name]
    module = inspect.getmodule(command)
    assert module is not None
    node = functions(module)[f"{command.__name__}:{_line(command)}"]
    assert returned(node, module, set()) == DESCRIBED[name]


def _line(command: Any) -> int:
    """Return the line of `def`, which follows the decorators."""
    lines, first = inspect.getsourcelines(command)
    return int(first) + next(number for number, line in enumerate(lines) if line.lstrip().startswith("def "))


def test_type_of_result_must_be_named() -> None:
    node = ast.parse("def f(json):\n    emit(json, {}, ())\n").body[0]
    with pytest.raises(AssertionError, match="must name the type"):
        returned(node, users, set())


def test_kinds_of_changes_are_those_of_the_classes() -> None:
    assert set(json_reference.KINDS) == {each.kind for each in _subclasses(Change)}


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    """Yield the subclasses that can be made."""
    for each in kind.__subclasses__():
        if each.__module__.startswith(("runtime.", "installer.")) and not inspect.isabstract(each):
            yield each
        yield from _subclasses(each)


def test_codes_are_listed_with_their_meaning() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [code for code in Code if f"| `{code}` | {code.about} |" not in text] == []
    assert all(code.about for code in Code)


def test_page_has_no_untyped_command_module() -> None:
    """No module of the commands makes JSON but through `emit`, and the error of the entry point."""
    folder = Path(inspect.getfile(installer.cli)).parent
    users_of_encoder = {
        path.name for path in folder.glob("*.py") if re.search(r"\b(result_json|json\.dumps)\b", path.read_text())
    }
    assert users_of_encoder == {"main.py"}
