"""The one encoder of JSON answers, and the one printer of results. See docs/json.md for all answers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from runtime.base.formats import rfc3339

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

JSON_VERSION = 2


def emit(as_json: bool, result: DataclassInstance, lines: Iterable[str]) -> None:
    """Print a result: as JSON, else its lines; nothing if there are none."""
    text = result_json(result) if as_json else "\n".join(lines)
    if text:
        print(text)


def result_json(result: DataclassInstance) -> str:
    """Return a result as text: an object of its fields, after `version`.

    Dataclasses become objects of their fields, moments RFC 3339 in UTC, sets sorted lists, paths text. The underscore
    at the end of `from_` is not part of the key: Python has a keyword of that name.
    """
    answer = {"version": JSON_VERSION, **_fields(result)}
    return json.dumps(answer, indent=2, ensure_ascii=False, default=_plain)


def key_of(field: str) -> str:
    """Return the key in JSON of the field of a dataclass."""
    return field.rstrip("_")


def values(result: DataclassInstance) -> dict[str, Any]:
    """Return the fields of a result by name, for a result that has the same and more."""
    return {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}


def _fields(value: DataclassInstance) -> Mapping[str, object]:
    return {key_of(name): each for name, each in values(value).items()}


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, datetime):
        return rfc3339(value.timestamp())
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
