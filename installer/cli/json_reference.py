"""Makes sections of docs/json.md from the types of results: key, type and meaning of each field."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from installer.host.health import Health
from installer.host.results import MemoryResult, SwapResult, TimersRemoved, TimersResult
from installer.uninstall.report import UninstallResult

MADE = "<!-- Made from {name} by `python -m installer.cli.reference`; a test compares it. -->"
# The commands of a section, and the type of their result.
SECTIONS: dict[str, type] = {
    "memory": MemoryResult,
    "swap status, swap add, swap remove": SwapResult,
    "timers status, timers install": TimersResult,
    "timers remove": TimersRemoved,
    "uninstall": UninstallResult,
}
# The key of `status` that has a part of its own type.
HEALTH = "The part `host` of `status`:\n"
_TYPES: dict[Any, str] = {int: "number", float: "number", str: "text", bool: "true or false"}


def page(text: str) -> str:
    """Return the page with its sections of typed results made again; other sections stay. Raises ValueError."""
    for heading, kind in SECTIONS.items():
        start = text.index(f"## {heading}\n")
        end = text.find("\n## ", start)
        text = text[:start] + section(heading, kind) + (text[end:] if end > 0 else "")
    return text


def section(heading: str, kind: type) -> str:
    """Return the section of some commands."""
    parts = [f"## {heading}", MADE.format(name=kind.__name__), table(kind)]
    if kind is TimersResult:
        parts += [HEALTH.rstrip(), table(Health)]
    return "\n\n".join(parts) + "\n"


def table(kind: type) -> str:
    """Return the table of the fields of a type."""
    rows = "\n".join(f"| {key} | {what} | {meaning} |" for key, what, meaning in _rows(kind, ""))
    return f"| key | type | meaning |\n| --- | --- | --- |\n{rows}"


def _rows(kind: type, prefix: str) -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(kind, include_extras=True)
    for item in fields(kind):
        hint, meaning = _annotated(hints[item.name])
        inner, many, may_be_null = _unwrapped(hint)
        nested = inner if is_dataclass(inner) and isinstance(inner, type) else None
        name = f"`{prefix}{item.name}{'[]' if many else ''}`"
        what = "object" if nested else _type_name(inner)
        yield name, f"{what} or null" if may_be_null else what, meaning
        if nested:
            # The first level has a dot; below it, names are whole.
            yield from _rows(nested, f"{prefix}{item.name}." if prefix else ".")


def _annotated(hint: Any) -> tuple[Any, str]:
    if get_origin(hint) is Annotated:
        inner, meaning = get_args(hint)
        return inner, str(meaning)
    return hint, ""


def _unwrapped(hint: Any) -> tuple[Any, bool, bool]:
    """Return the type of a value, whether there are many of them, and whether it may be null."""
    choices = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    inner = next(each for each in choices if each is not type(None))
    many = get_origin(inner) is tuple
    return get_args(inner)[0] if many else inner, many, type(None) in choices


def _type_name(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return ", ".join(f"`{each}`" for each in kind)
    if isinstance(kind, type) and issubclass(kind, PurePath):
        return "text"
    return _TYPES[kind]
