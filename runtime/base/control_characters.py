"""The last check before a value becomes a part of a configuration file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from runtime.base.errors import ShoestringError


def refuse(value: object, place: str) -> None:
    """Raise ShoestringError if any text in a value has a control character or a line separator.

    Texts are searched for in dataclasses, tuples, lists and mappings; `place` names the value in the message. Each
    value was validated where it was read (runtime/base/validators.py). This is the second check: a value that the
    first one lets through never adds a line to a configuration.
    """
    for where, text in _texts(value, place):
        if not text.isprintable():
            raise ShoestringError(
                f"{where} is {text!r}; a control character never goes into a configuration. Remove it there."
            )


def _texts(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Yield all texts in a value, each with its path."""
    if isinstance(value, str):
        yield place, value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), f"{place}.{field.name}")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts((name, item), f"{place}[{name!r}]")
    elif isinstance(value, tuple | list | frozenset | set):
        for index, item in enumerate(value):
            yield from _texts(item, f"{place}[{index}]")
