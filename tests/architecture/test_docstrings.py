"""Docstrings of functions are imperative: `Return the ports`, not `What the ports are` and not `The ports`.

ruff's D401 knows most wrong verbs; this finds what does not begin with a verb at all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for package in ("runtime", "installer") for path in (ROOT / package).rglob("*.py"))
# Question words, articles, pronouns and prepositions; names with 's; code and numbers; plurals.
NO_VERB = re.compile(
    r"(?:What|Whether|Who|Whose|Whom|When|How|Where|Why|Which|A|An|The|One|Those|That|This|These|It|Its|Our|All|Each"
    r"|Every|Any|Some|Another|Other|No|Not|Nothing|None|With|Without|Of|In|On|At|By|For|From|To|As|If|Held|Made|Text"
    r"|\S+'s?|[^A-Z]\S*|[A-Z][A-Z0-9-]{2,}|\S*[^s]s)(?=\W|$)"
)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def without_verb(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the first words of each docstring of a function that does not begin with a verb."""
    for function in functions(ast.parse(source)):
        text = ast.get_docstring(function) or "Return"
        if NO_VERB.match(text):
            yield function.lineno, text[:40]


@pytest.mark.parametrize(
    "text", ["What it is.", "The ports.", "`5432`, or text.", "SSH's ports.", "Sentences of it."]
)
def test_without_verb_finds_other_beginnings(text: str) -> None:
    assert list(without_verb(f'def f():\n    """{text}"""\n')) == [(1, text)]


@pytest.mark.parametrize("text", ["Return it.", "Process it.", "Ask, then write.", "Isolate it."])
def test_without_verb_accepts_imperatives(text: str) -> None:
    assert list(without_verb(f'def f():\n    """{text}"""\n')) == []


def test_docstrings_of_functions_are_imperative() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {text}"
        for path in MODULES
        for line, text in without_verb(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []
