"""The rules of the test files: where a unit test lies, and what a test may import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
UNIT = TESTS / "unit"
SUPPORT = "tests.support"
# A test's name begins with its subject, then says the case: `test_write_keeps_owner_of_existing_file`.
NO_SUBJECTS = {
    *("a", "an", "the", "it", "its", "what", "who", "whose", "when", "where", "which", "how", "why", "that", "there"),
    *("nothing", "nobody", "every", "only"),
}


def subjects_of(test: Path) -> Iterator[Path]:
    """Yield the paths that a unit test may mirror, without suffix.

    That of its module, package or script, also with the subject of a part of its tests after it:
    `runtime/a/test_b_errors.py` mirrors `runtime/a/b_errors` or `runtime/a/b`.
    """
    words = test.stem.removeprefix("test_").split("_")
    for end in range(len(words), 0, -1):
        yield ROOT / test.parent.relative_to(UNIT) / "_".join(words[:end])


def exists(subject: Path) -> bool:
    return any(path.exists() for path in (subject, subject.with_suffix(".py"), subject.with_suffix(".sh")))


def imports_of(file: Path) -> Iterator[str]:
    """Yield the names that a file imports; a relative one begins with a dot."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_of_tests(name: str) -> bool:
    return name.split(".")[0] in ("", "tests", "conftest")


def test_unit_tests_mirror_modules() -> None:
    wrong = [
        str(test.relative_to(ROOT))
        for test in sorted(UNIT.rglob("test_*.py"))
        if not any(exists(subject) for subject in subjects_of(test))
    ]
    assert wrong == []


def test_tests_import_from_support_only() -> None:
    """A test file or a conftest shares its code through tests/support."""
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in sorted(TESTS.rglob("*.py"))
        for name in imports_of(file)
        if is_of_tests(name) and name != SUPPORT and not name.startswith(f"{SUPPORT}.")
    ]
    assert wrong == []


def test_unit_test_files_stay_small() -> None:
    sizes = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in UNIT.rglob("*.py")}
    assert {file: size for file, size in sizes.items() if size > 300} == {}


def test_names_of_tests_begin_with_their_subject() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        for file in sorted(TESTS.rglob("test_*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if node.name.split("_")[1] in NO_SUBJECTS
    ]
    assert wrong == []
