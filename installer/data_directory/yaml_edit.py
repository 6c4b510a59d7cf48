"""Set one value in the text of a YAML file; every other character stays, comments and line ends too. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from runtime.base import yaml_documents
from runtime.base.yaml_documents import DocumentError, KeyPath

_QUOTES = ("'", '"')
_WIDTH = 10_000


class CannotEditYamlError(Exception):
    """The text has a form in which one value cannot change alone.

    `reason` is the end of a sentence about the value, `line` where it is, counted from 1.
    """

    def __init__(self, reason: str, line: int) -> None:
        self.reason = reason
        self.line = line
        super().__init__(reason)


def set_value(file: Path, text: str, key: KeyPath, value: object) -> str:
    """Return the text with a value set, in the mapping that is there or by a new key.

    `value` may be a scalar, a sequence or a mapping; a value in block form is replaced by one in flow form.
    Raises CannotEditYamlError.
    """
    found = _find(text, key)
    node = found.node
    if not found.missing:
        edited = _replace(text, found, value)
    elif isinstance(node, yaml.MappingNode):
        edited = _insert(text, node, found.missing, value)
    else:
        raise CannotEditYamlError("is below a value that is not a mapping", _line(node))
    return _verified(file, text, edited, key, value, node)


def replace_text(file: Path, text: str, key: KeyPath, value: str) -> str:
    """Return the text with a plain or quoted text on one line replaced, in the quotes that it has.

    Raises CannotEditYamlError, also if there is no such value.
    """
    found = _find(text, key)
    node = found.node
    if found.missing:
        merged = isinstance(node, yaml.MappingNode) and any(each.value == "<<" for each, _ in node.value)
        raise CannotEditYamlError("comes from another part of the file (<<)" if merged else "is missing", _line(node))
    if not isinstance(node, yaml.ScalarNode) or node.style not in (None, *_QUOTES):
        raise CannotEditYamlError("is not a plain or quoted text", _line(node))
    if text[node.start_mark.index] in "&!":
        raise CannotEditYamlError("has an anchor (&) or a tag (!)", _line(node))
    if node.start_mark.line != node.end_mark.line:
        raise CannotEditYamlError("is on several lines", _line(node))
    edited = text[: node.start_mark.index] + scalar(value, node.style) + text[node.end_mark.index :]
    return _verified(file, text, edited, key, value, node)


def scalar(value: object, style: str | None = None) -> str:
    """Return a value as YAML on one line; a text in the quotes of `style` if it is given."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_in_flow(child)}" for name, child in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_in_flow(child) for child in value) + "]"
    value = _as_text(value)
    quoting = style if isinstance(value, str) and style in _QUOTES else None
    dumped: str = yaml.safe_dump(value, default_style=quoting, default_flow_style=True, width=_WIDTH)
    return dumped.removesuffix("\n").removesuffix("\n...")


def _in_flow(value: object) -> str:
    """Return a value within brackets, where a text may need quotes that it does not need alone, such as ::1."""
    if isinstance(value, bool | Mapping | tuple | list):
        return scalar(value)
    dumped: str = yaml.safe_dump([_as_text(value)], default_flow_style=True, width=_WIDTH)
    return dumped.rstrip()[1:-1]


def _as_text(value: object) -> object:
    """Return a value as YAML knows it: a word of an enumeration is a text, and so is an address."""
    return value if value is None or isinstance(value, int | float) else str(value)


@dataclass(frozen=True)
class _Found:
    """The node of a key, those of its parent and its name; with `missing` keys, the last parent that exists."""

    node: yaml.Node
    parent: yaml.Node | None = None
    name: yaml.Node | None = None
    missing: KeyPath = ()

    @property
    def is_in_flow(self) -> bool:
        return isinstance(self.parent, yaml.CollectionNode) and bool(self.parent.flow_style)


def _find(text: str, key: KeyPath) -> _Found:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        raise CannotEditYamlError("is in an empty file", 1)
    found = _Found(root)
    for depth, part in enumerate(key):
        node = found.node
        if isinstance(node, yaml.MappingNode):
            pair = next((each for each in node.value if each[0].value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            pair = (None, node.value[part])
        else:
            pair = None
        if pair is None:
            return replace(found, missing=key[depth:])
        # The composer gives an alias the node of its anchor, which is before its own position.
        if pair[1].start_mark.index < (pair[0].end_mark if pair[0] else node.start_mark).index:
            raise CannotEditYamlError("is in another part of the file (an alias, *)", _line(pair[0] or node))
        found = _Found(pair[1], node, pair[0])
    return found


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _replace(text: str, found: _Found, value: object) -> str:
    node = found.node
    is_flow = isinstance(node, yaml.CollectionNode) and node.flow_style
    if is_flow or (isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">")):
        start, end = node.start_mark.index, node.end_mark.index
        space = " " if start == end else ""
        style = node.style if isinstance(node, yaml.ScalarNode) else None
        needs_quotes = found.is_in_flow and style not in _QUOTES
        return text[:start] + space + (_in_flow(value) if needs_quotes else scalar(value, style)) + text[end:]
    if found.name is None:
        raise CannotEditYamlError("is a block in a list", _line(node))
    # A list or section in block form begins on a line of its own; its range is from the colon to its last value.
    colon = text.index(":", found.name.end_mark.index) + 1
    return f"{text[:colon]} {scalar(value)}{text[_end(text, node) :]}"


def _insert(text: str, mapping: yaml.MappingNode, key: KeyPath, value: object) -> str:
    for part in reversed(key[1:]):
        value = {str(part): value}
    entry = f"{key[0]}: {_in_flow(value) if mapping.flow_style else scalar(value)}"
    if mapping.flow_style:
        if mapping.value:
            end = _end(text, mapping.value[-1][1])
            return f"{text[:end]}, {entry}{text[end:]}"
        end = mapping.end_mark.index - 1
        return f"{text[:end]}{entry}{text[end:]}"
    newline = "\r\n" if "\r\n" in text else "\n"
    end = text.find("\n", _end(text, mapping.value[-1][1]))
    if end < 0:
        text, end = text + newline, len(text + newline) - 1
    indent = " " * mapping.value[0][0].start_mark.column
    return f"{text[: end + 1]}{indent}{entry}{newline}{text[end + 1 :]}"


def _end(text: str, node: yaml.Node) -> int:
    """Return where a value's text ends, without the comments after a block."""
    children: Sequence[yaml.Node] = ()
    if isinstance(node, yaml.MappingNode):
        children = [child for _, child in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    if isinstance(node, yaml.CollectionNode) and children and not node.flow_style:
        return _end(text, children[-1])
    end: int = node.end_mark.index
    return len(text[:end].rstrip()) if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") else end


def _verified(file: Path, before: str, after: str, key: KeyPath, value: object, node: yaml.Node) -> str:
    """Return the edited text if it means what the old one meant, but for this value."""
    try:
        expected = _changed(yaml_documents.parse(file, before).value, key, yaml.safe_load(scalar(value)))
        if yaml_documents.parse(file, after).value == expected:
            return after
    except DocumentError:
        pass
    raise CannotEditYamlError("cannot be changed without changing something else", _line(node))


def _changed(value: Any, key: KeyPath, desired: object) -> Any:
    """Return a copy of a parsed file with one value changed or added; aliases elsewhere keep the old one."""
    if not key:
        return desired
    part, rest = key[0], key[1:]
    if isinstance(value, list):
        return [_changed(each, rest, desired) if index == part else each for index, each in enumerate(value)]
    known = value if isinstance(value, dict) else {}
    return {**known, part: _changed(known.get(part), rest, desired)}
