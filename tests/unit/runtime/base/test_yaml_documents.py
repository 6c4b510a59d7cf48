from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base import yaml_documents
from runtime.base.yaml_documents import DocumentError

FILE = Path("app.yaml")
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
)


def test_parse_gives_values_and_lines() -> None:
    document = yaml_documents.parse(FILE, "a: 1\nb:\n  - x\n  - y: 2\n")
    assert document.value == {"a": 1, "b": ["x", {"y": 2}]}
    assert document.lines[("b", 1, "y")] == 4
    problem = document.problem(("b", 1, "y"), "is wrong")
    assert str(problem) == "app.yaml:4 b[1].y: is wrong"


def test_problem_of_missing_key_has_line_of_parent() -> None:
    assert yaml_documents.parse(FILE, "a:\n  b: 1\n").problem(("a", "c"), "is missing").line == 1


def test_parse_empty_text_is_empty_mapping() -> None:
    assert yaml_documents.parse(FILE, "# nothing\n").value == {}


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("a: [1\nb: 2\n", "is not valid YAML", 2),
        ("- a\n", "must be a mapping", 1),
        ("just text\n", "must be a mapping", 1),
        ("a: 1\na: 2\n", "the key a is a duplicate", 2),
        ("a: !!python/object/apply:os.system [id]\n", "is not valid YAML", 1),
        ("a: &x [*x]\n", "is nested in itself", 1),
        ("a: " + "[" * 200 + "]" * 200, "deeper than 50 levels", 1),
        ("a: *nowhere\n", "undefined alias", 1),
        ("a: 1\n---\nb: 2\n", "is not valid YAML", 2),
        ("a: \0\n", "is not valid YAML", 0),
        (BOMB, "aliases included", None),
    ],
)
def test_parse_refuses_invalid_document(text: str, what: str, line: int | None) -> None:
    with pytest.raises(DocumentError) as error:
        yaml_documents.parse(FILE, text)
    assert what in error.value.problem.what
    assert line is None or error.value.problem.line == line


def test_load_refuses_unreadable_file(tmp_path: Path) -> None:
    directory, large, binary = tmp_path / "d.yaml", tmp_path / "l.yaml", tmp_path / "b.yaml"
    directory.mkdir()
    large.write_text("a: " + "x" * 10_000_000)
    binary.write_bytes(b"a: \xff\n")
    for file, what in (
        (directory, "is a directory"),
        (large, "is larger than 1000000 bytes"),
        (binary, "is not UTF-8"),
        (tmp_path / "none.yaml", "cannot be read: No such file"),
    ):
        with pytest.raises(DocumentError) as error:
            yaml_documents.load(file)
        assert what in error.value.problem.what


def test_parse_resolves_merge_keys_and_anchors() -> None:
    document = yaml_documents.parse(FILE, "x-base: &base {a: 1}\nb:\n  <<: *base\n  c: 2\n")
    assert document.value["b"] == {"a": 1, "c": 2}
