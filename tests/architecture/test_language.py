"""Texts use the glossary's words: what users read, and docstrings and comments of the code.

A word that is found here has a better one; docs/architecture.md has the glossary. A use in another meaning, such as a
health check that passes, is one of ALLOWED, with its reason.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each with the words to use.
EVERYWHERE = {
    r"look(?:s|ed|ing)?": "inspect, observe, snapshot",
    r"pass(?:es|ed|ing)?": "run",
    r"mend(?:s|ed|ing)?": "repair, restart, re-create",
    r"tells?|told|telling": "report, notify, print",
    r"hears?|heard": "is notified, receives",
    r"persons?|people": "user",
    r"quiet(?:ly)?": "unchanged, fast path",
    r"troubles?|alarms?": "check, incident",
    r"notic(?:es?|ed|ing)": "notification, detect",
    r"anew": "again",
    r"in vain": "without success",
    r"besides": "in addition",
    r"by (?:it|them)sel(?:f|ves)": "automatically",
    r"(?:go|goes|went|going) on": "continue",
    r"stands? in": "is in",
    r"gone": "removed, missing",
    r"crews?|keepers?|newcomers?|walled|doors?|wishes": "replicas, manager, new replica, firewall, store, desired",
    r"settl(?:e|es|ed|ing)": "wait until ready, confirm, resolve conflicts",
    r"agree(?:s|d|ing)?": "confirm",
    r"shipped": "templates",
    r"odd|sound": "invalid, valid",
}
FOR_USERS = {
    **EVERYWHERE,
    r"says?|said": "report, print, explain",
    r"take(?:s|n)? away": "remove",
}
ALLOWED = {
    r"\b(?:one|which) looks like\b": "an example in an error",
    r"\blook(?:s|ed)? (?:\w+ )?up\b|\blook(?:s|ed)? for packages\b": "a name in a registry",
    r"\bchecks? (?:is |has |have )?(?:pass(?:es|ed)?)\b|\bpass(?:es|ed) its check\b": "a health check",
    r"\bpass(?:es|ed)? (?:secrets|in the environment|as another descriptor|to them)\b": "an argument, a packet",
    r"\bpassed over\b|\bif it has passed\b": "left out; of a moment",
    r"`passed`": "a field",
    r"\blog .*\bnotice\b|Level(?:Max)?=notice\b|--quiet\b|\bquiet = true\b": "an option of another program",
    r"`told` was the key": "a key of earlier versions",
    r"\bno pass of the watchdog\b": "a subject of earlier versions, which is still read",
}


def strip_allowed(text: str) -> str:
    """Return a text without the allowed uses."""
    for pattern in ALLOWED:
        text = re.sub(pattern, " ", text)
    return text


def found(text: str, terms: dict[str, str]) -> list[str]:
    """Return each old word in a text with its replacements, as `word: replacements`."""
    rest = strip_allowed(text)
    return [
        f"{match[0]}: {better}"
        for pattern, better in terms.items()
        for match in re.finditer(rf"(?<![\w$@.])(?:{pattern})(?![\w=(])", rest, re.IGNORECASE)
    ]


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def strings(path: Path, *, docstrings: bool) -> Iterator[tuple[int, str]]:
    """Yield the line and text of each docstring of a module, or of each other string with more than one word."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    those = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and is_docstring(node)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    for node in texts:
        text = str(node.value)
        if (id(node) in those) == docstrings and (docstrings or re.search(r"\w[,.;:]? \w", text)):
            yield node.lineno, text


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and text of each comment of a module."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def lines(path: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(path.read_text(encoding="utf-8").splitlines(), 1)


def text_files() -> list[Path]:
    """Return the files that users read or get, and the screens."""
    folders = [path for name in ("templates", "packaging") for path in (ROOT / name).rglob("*")]
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "tests/golden/screens").glob("*.txt")]
    machine_made = {"package-lock.json", "requirements.lock"}
    return sorted(
        path
        for path in (*folders, *pages)
        if path.is_file() and path.suffix != ".pyc" and path.name not in {*machine_made, "CHANGELOG.md"}
    )


def wrong_in(path: Path, texts: Iterator[tuple[int, str]], terms: dict[str, str]) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{line} {each}" for line, text in texts for each in found(text, terms)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A person was told.", ["told", "person"]),
        ("It goes on by itself.", ["by itself", "goes on"]),
        ("Its check passes.", []),
        ("It is not a port; one looks like 80.", []),
        ("A pass of the watchdog.", ["pass"]),
        ("The wizard settles what you agreed to.", ["settles", "agreed"]),
        ("last_pass=1 bypass passwords", []),
    ],
)
def test_found_old_words_only(text: str, words: list[str]) -> None:
    assert [each.partition(":")[0] for each in found(text, EVERYWHERE)] == words


def test_messages_use_the_glossary() -> None:
    wrong = [
        each
        for path in modules("runtime", "installer")
        for each in wrong_in(path, strings(path, docstrings=False), FOR_USERS)
    ]
    assert wrong == []


def test_pages_templates_and_screens_use_the_glossary() -> None:
    files = text_files()
    assert len(files) > 200
    assert [each for path in files for each in wrong_in(path, lines(path), FOR_USERS)] == []


def test_docstrings_and_comments_use_the_glossary() -> None:
    wrong = [
        each
        for path in modules("runtime", "installer")
        for texts in (strings(path, docstrings=True), comments(path))
        for each in wrong_in(path, texts, EVERYWHERE)
    ]
    assert wrong == []
