"""Read a mapping into frozen dataclasses whose fields declare each key: meaning, check and default.

One declaration gives the validation, the commented sample file and the reference page. All problems are found
at once, each with its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_type_hints

from runtime.base.errors import Problem
from runtime.base.yaml_documents import Document, KeyPath

Check = Callable[[Any], Any]
T = TypeVar("T")
_KEY = "shoestring"


@dataclass(frozen=True)
class SchemaKey:
    """The declaration of one key of a file."""

    about: str
    check: Check | None = None
    example: str = ""


def key(about: str, *, check: Check, default: Any = MISSING, example: str = "") -> Any:
    """Declare a field that holds one value. Without a default it must be given.

    `check` returns the value in its normal form or raises ValueError.
    """
    return field(default=default, metadata={_KEY: SchemaKey(about, check, example)}, kw_only=True)


def section(about: str, kind: type) -> Any:
    """Declare a field that holds a nested mapping, with the defaults of its own fields."""
    return field(default_factory=kind, metadata={_KEY: SchemaKey(about)}, kw_only=True)


def describe(item: Field[Any]) -> SchemaKey:
    """Return the declaration of a dataclass field."""
    return cast(SchemaKey, item.metadata[_KEY])


def section_type(kind: type, item: Field[Any]) -> tuple[type | None, bool]:
    """Return the dataclass that a field nests, if it does, and whether the section can be switched `off`."""
    if describe(item).check:
        return None, False
    hint = get_type_hints(kind)[item.name]
    choices = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    nested = next((choice for choice in choices if is_dataclass(choice)), None)
    return nested if isinstance(nested, type) else None, type(None) in choices


def one_of(*choices: str) -> Check:
    """Return a check for one of the words."""

    def check(value: object) -> object:
        if value not in choices:
            raise ValueError(f"{value!r} is not one of {', '.join(choices)}{suggestion(str(value), choices)}")
        return value

    return check


def switch(value: object) -> bool:
    """Check for on and off, which YAML 1.1 reads as true and false."""
    if value in ("on", "off"):
        return value == "on"
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither on nor off")
    return value


def whole_number(minimum: int, maximum: int) -> Check:
    """Return a check for a whole number of a range, both ends included."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise ValueError(f"{value!r} is not a whole number from {minimum} to {maximum}")
        return value

    return check


def list_of(item: Check) -> Check:
    """Return a check for a list without duplicates; `item` checks each item."""

    def check(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{value!r} is not a list")
        items = tuple(item(each) for each in value)
        if len(set(items)) != len(items):
            raise ValueError("has a duplicate item; remove one")
        return items

    return check


def suggestion(word: str, known: Iterable[str], prefix: str = "") -> str:
    """Return the end of a sentence that suggests the nearest known word; empty if none is near."""
    # Only a mistake pays for its import.
    import difflib

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {prefix}{near[0]}?" if near else ""


def read(kind: type[T], document: Document) -> tuple[T | None, tuple[Problem, ...]]:
    """Read a whole document as `kind`. Returns it, or None and all problems."""
    problems: list[Problem] = []
    value = _section(kind, document.value, (), document, problems)
    return (None if problems else value), tuple(problems)


def _section(kind: type[T], value: object, path: KeyPath, document: Document, problems: list[Problem]) -> T | None:
    if not isinstance(value, dict):
        problems.append(document.problem(path, f"{value!r} is not a mapping (key: value)"))
        return None
    declared = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    for name in value:
        if name not in declared:
            prefix = "".join(f"{part}." for part in path)
            problems.append(
                document.problem((*path, str(name)), f"unknown key{suggestion(str(name), declared, prefix)}")
            )
    given: dict[str, Any] = {}
    for name, item in declared.items():
        here = (*path, name)
        if name not in value:
            if item.default is MISSING and item.default_factory is MISSING:
                problems.append(document.problem(here, f"is missing; {describe(item).about}"))
            continue
        given[name] = _field(kind, item, value[name], here, document, problems)
    return None if problems else kind(**given)


def _field(
    kind: type, item: Field[Any], value: object, path: KeyPath, document: Document, problems: list[Problem]
) -> Any:
    nested, optional = section_type(kind, item)
    if nested is not None:
        # YAML 1.1 reads `off` as false.
        if optional and (value is False or value == "off"):
            return None
        return _section(nested, value, path, document, problems)
    check = describe(item).check
    try:
        return check(value) if check else value
    except ValueError as error:
        problems.append(document.problem(path, str(error)))
        return None
