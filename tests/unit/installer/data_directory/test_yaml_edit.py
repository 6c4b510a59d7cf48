from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from installer.data_directory.yaml_edit import CannotEditYamlError, replace_text, scalar, set_value
from runtime.base.yaml_documents import KeyPath

FILE = Path("file.yaml")
# Comments, quotes, flow and block forms, anchors, Windows line ends, no newline at the end, non-ASCII text.
TEXTS = (
    "# first\na: 1 # one\nb:\n  - x  # item\n  - 'y'\n# between\nc: {d: e, f: [1, 2]}  # end\n",
    'a: "quoted"   # spaces\n\n\nb: |\n  block\n  text\n\n# after\nc: plain',
    "a: x\r\nb:\r\n  c: y # z\r\n  d: [1,\r\n      2]\r\n",
    "---\na: ümläut # ✓\nb: {}\nc: [ ]\nd: ~\ne:\n...\n",
    "x: &x {k: v}\ny: &y 1\nz: [a, {b: c}]\n",
    "base: &base {k: v}\nuse:\n  <<: *base\n  own: 1\nalso: *base\n",
)
VALUES: tuple[object, ...] = (True, 7, "text", "::1", "10", "a: b # c", "", ("x", "::1"), {"n": "v", "m": [1]})


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the key path of every value, and one new key of every mapping."""
    if path:
        yield path
    if isinstance(value, dict):
        yield (*path, "new")
        for name, child in value.items():
            yield from paths(child, (*path, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from paths(child, (*path, index))


def with_value(value: Any, path: KeyPath, wanted: object) -> Any:
    if not path:
        return wanted
    if isinstance(value, list):
        return [with_value(each, path[1:], wanted) if index == path[0] else each for index, each in enumerate(value)]
    known = value or {}
    return {**known, path[0]: with_value(known.get(path[0]), path[1:], wanted)}


def value_at(value: Any, path: KeyPath) -> object:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else value[part]
    return value


def plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("text", TEXTS)
def test_set_value_changes_one_value_and_no_other_character(text: str) -> None:
    before, edits = yaml.safe_load(text), 0
    for path in paths(before):
        for value in VALUES:
            try:
                after = set_value(FILE, text, path, value)
            except CannotEditYamlError:
                continue
            edits += 1
            assert yaml.safe_load(after) == with_value(before, path, plain(value))
            changes = difflib.SequenceMatcher(None, text, after, autojunk=False).get_opcodes()
            touched = "".join(text[a:b] for kind, a, b, _, _ in changes if kind != "equal")
            # A comment within a block goes with the block.
            assert "#" not in touched or isinstance(value_at(before, path), list | dict)
            assert after.count("\r") >= text.count("\r") - touched.count("\r")
    assert edits >= 3 * len(VALUES)


def test_set_value_keeps_quotes() -> None:
    assert set_value(FILE, "a: 'x' # c\n", ("a",), "y") == "a: 'y' # c\n"
    assert set_value(FILE, 'a: "x"\n', ("a",), "y") == 'a: "y"\n'


def test_set_value_adds_key_with_its_sections() -> None:
    assert set_value(FILE, "a:\n  b: 1 # c\n# d\n", ("a", "x", "y"), False) == "a:\n  b: 1 # c\n  x: {y: off}\n# d\n"


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("", ("a",), "is in an empty file"),
        ("a: 1\n", ("a", "b"), "is below a value that is not a mapping"),
        ("x: &x 1\na: *x\n", ("a",), "an alias"),
        ("x: &x 1\na: *x\n", ("x",), "cannot be changed without changing something else"),
    ],
)
def test_set_value_refuses(text: str, key: KeyPath, reason: str) -> None:
    with pytest.raises(CannotEditYamlError, match=reason):
        set_value(FILE, text, key, "v")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("b: 1\n", "is missing"),
        ("x: &x {a: b}\n<<: *x\n", "comes from another part of the file"),
        ("a: [1]\n", "is not a plain or quoted text"),
        ("a: &x b\n", "has an anchor"),
        ("a: !!str b\n", "a tag"),
        ("a: b\n  c\n", "is on several lines"),
    ],
)
def test_replace_text_refuses(text: str, reason: str) -> None:
    with pytest.raises(CannotEditYamlError, match=reason):
        replace_text(FILE, text, ("a",), "v")


def test_replace_text() -> None:
    assert replace_text(FILE, "s: [{a: 'b'}] # c\n", ("s", 0, "a"), "v") == "s: [{a: 'v'}] # c\n"


@pytest.mark.parametrize("value", VALUES)
def test_scalar_round_trip(value: object) -> None:
    assert yaml.safe_load(scalar(value)) == plain(value)
