"""The one encoder of JSON answers. Every answer is an object with `version`; see docs/json.md."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

from runtime.base.formats import rfc3339

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

JSON_VERSION = 2


def as_json(**answer: object) -> str:
    """Return an answer as text, its `version` first.

    Dataclasses become objects of their fields, moments RFC 3339 in UTC, sets sorted lists, paths text.
    """
    return json.dumps({"version": JSON_VERSION, **answer}, indent=2, ensure_ascii=False, default=_plain)


def result_json(result: DataclassInstance) -> str:
    """Return a result as text: an object of its fields, after `version`."""
    return as_json(**{field.name: getattr(result, field.name) for field in dataclasses.fields(result)})


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return rfc3339(value.timestamp())
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
