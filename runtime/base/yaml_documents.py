"""YAML files with the line of every key: safe types only, with limits on size and nesting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from runtime.base.errors import Problem

MAXIMUM_BYTES = 1_000_000
# Aliases are counted as often as they are used, so that a few hundred bytes cannot become gigabytes.
MAXIMUM_NODES = 100_000
MAXIMUM_DEPTH = 50

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KeyPath = tuple[str | int, ...]


class DocumentError(Exception):
    """A file cannot be read as YAML; `problem` has the reason and the line."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@dataclass(frozen=True)
class Document:
    """A parsed YAML file."""

    file: Path
    text: str
    value: Any
    lines: dict[KeyPath, int]

    def problem(self, path: KeyPath, what: str, *, key: str | None = None) -> Problem:
        """Make a problem at a key; the line is that of the nearest parent that has one."""
        known = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in self.lines), ())
        return Problem(self.file, what, dotted(path) if key is None else key, self.lines.get(known, 0))


def dotted(path: KeyPath) -> str:
    """Return a key path as text: `services.application.ports[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def load(file: Path) -> Document:
    """Read a YAML file whose top level is a mapping (an empty file is an empty one).

    Raises DocumentError for anything else: not readable, too large, not UTF-8, a syntax error, a duplicate key.
    """
    try:
        if file.is_dir():
            raise DocumentError(Problem(file, "this is a directory, not a file; move it away"))
        with file.open("rb") as stream:
            raw = stream.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise DocumentError(Problem(file, f"cannot be read: {error.strerror}")) from error
    if len(raw) > MAXIMUM_BYTES:
        raise DocumentError(Problem(file, f"is larger than {MAXIMUM_BYTES} bytes; a configuration file is not"))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(Problem(file, f"is not UTF-8 text (byte {error.start})")) from error
    return parse(file, text)


def parse(file: Path, text: str) -> Document:
    """Parse the text of a YAML file; see `load`."""
    loader = Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return Document(file, text, {}, {})
        lines: dict[KeyPath, int] = {}
        for position, node in enumerate(_walk(file, root, (), lines, ()), 1):
            if position > MAXIMUM_NODES:
                raise DocumentError(_at(file, node, f"holds more than {MAXIMUM_NODES} values, aliases included"))
        value = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise DocumentError(Problem(file, f"is not valid YAML: {error.problem}", line=line)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentError(Problem(file, f"is not valid YAML: {str(error).splitlines()[0]}")) from error
    finally:
        loader.dispose()
    if not isinstance(value, dict):
        raise DocumentError(Problem(file, "must be a mapping (key: value) at its top level", line=1))
    return Document(file, text, value, lines)


def _at(file: Path, node: yaml.Node, what: str) -> Problem:
    return Problem(file, what, line=node.start_mark.line + 1)


def _walk(
    file: Path, node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], parents: tuple[int, ...]
) -> Iterator[yaml.Node]:
    """Walk all nodes, record the line of each key, and refuse duplicate keys and excessive nesting."""
    if id(node) in parents or len(parents) > MAXIMUM_DEPTH:
        raise DocumentError(_at(file, node, f"is nested in itself, or deeper than {MAXIMUM_DEPTH} levels"))
    yield node
    parents = (*parents, id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            name = str(key.value)
            if name in seen and name != "<<":
                raise DocumentError(_at(file, key, f"the key {name} is a duplicate; remove one"))
            seen.add(name)
            lines[(*path, name)] = key.start_mark.line + 1
            yield from _walk(file, child, (*path, name), lines, parents)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            lines[(*path, index)] = child.start_mark.line + 1
            yield from _walk(file, child, (*path, index), lines, parents)


def dump(value: object) -> str:
    """Write a value as YAML in the order of its keys."""
    text: str = yaml.safe_dump(value, sort_keys=False, default_flow_style=False, allow_unicode=True, width=110)
    return text
