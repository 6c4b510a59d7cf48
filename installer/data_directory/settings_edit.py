"""Change values in a person's settings file and nothing else: comments, order and quoting stay."""

from __future__ import annotations

from pathlib import Path

import yaml

from installer.data_directory import flat_settings
from installer.data_directory.flat_settings import OFF, Leaves
from installer.data_directory.settings_file import parse, scalar
from runtime.base.errors import SettingsError, UsageError
from runtime.base.yaml_documents import KeyPath, dotted
from runtime.config.settings import Settings


def edit(file: Path, text: str, wanted: Settings) -> str:
    """The file's text with the values of `wanted`.

    Raises UsageError that names the values to set by hand if the file's form does not allow it (aliases, merges).
    """
    present = parse(file, text)
    changed = flat_settings.changes(present, wanted)
    edited = text
    try:
        for key, value in _steps(present, wanted):
            edited = _set(edited, key, value)
        if parse(file, edited) == wanted:
            return edited
    except (SettingsError, _CannotEditError, yaml.YAMLError):
        pass
    by_hand = "\n".join(f"  {change}" for change in changed)
    raise UsageError(f"{file} cannot be edited without changing more than was asked. Set by hand:\n{by_hand}")


class _CannotEditError(Exception):
    """The text has a form that an edit in place does not reach."""


def _steps(present: Settings, wanted: Settings) -> list[tuple[KeyPath, object]]:
    """What to set, in order; a section that was off, or is switched off, is set as a whole."""
    before, after = flat_settings.of_settings(present), flat_settings.of_settings(wanted)
    steps: list[tuple[KeyPath, object]] = []
    for key, value in after.items():
        off = next((key[:end] for end in range(1, len(key)) if key[:end] in before), None)
        if off is None and before.get(key) != value:
            steps.append((key, value))
        elif off is not None and (off, ...) not in steps:
            steps.append((off, ...))
    return [(key, _below(after, key) if value is ... else value) for key, value in steps]


def _below(values: Leaves, section: KeyPath) -> dict[str, object]:
    found = {key[len(section) :]: value for key, value in values.items() if key[: len(section)] == section}
    return flat_settings.nested(found)


def _set(text: str, key: KeyPath, value: object) -> str:
    """Set one value, in the mapping that is there or by a new key."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise _CannotEditError
    mapping = root
    for depth, part in enumerate(key):
        pair = next((each for each in mapping.value if each[0].value == part), None)
        if pair is None:
            return _insert(text, mapping, key[depth:], value)
        name, node = pair
        if depth == len(key) - 1:
            return _replace(text, name, node, value)
        if not isinstance(node, yaml.MappingNode):
            raise _CannotEditError(dotted(key))
        mapping = node
    raise _CannotEditError(dotted(key))


def _replace(text: str, name: yaml.Node, node: yaml.Node, value: object) -> str:
    if isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">"):
        start, end = node.start_mark.index, node.end_mark.index
        space = " " if start == end else ""
        return text[:start] + space + _inline(value, node.style) + text[end:]
    # A list or section in block form begins on a line of its own; its place is from the colon to its last value.
    colon = text.index(":", name.end_mark.index) + 1
    return f"{text[:colon]} {_inline(value)}{text[_end(text, node) :]}"


def _insert(text: str, mapping: yaml.MappingNode, key: KeyPath, value: object) -> str:
    for part in reversed(key[1:]):
        value = {str(part): value}
    entry = f"{key[0]}: {_inline(value)}"
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
    """Where a value's text ends, without what follows a block on further lines."""
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        children = [child for _, child in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = list(node.value)
    if isinstance(node, yaml.CollectionNode) and children and not node.flow_style:
        return _end(text, children[-1])
    end: int = node.end_mark.index
    return len(text[:end].rstrip()) if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") else end


def _inline(value: object, style: str | None = None) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_inline(child)}" for name, child in value.items()) + "}"
    return "off" if value is OFF else scalar(value, style)
