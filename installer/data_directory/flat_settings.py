"""Settings as single values with their key paths: how answers, differences and the settings file see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from typing import Any

from runtime.base.schema import section_type
from runtime.base.yaml_documents import dotted
from runtime.config.settings import Settings


class SectionState(Enum):
    """The value of a section as a whole: `public: off`, or switched on."""

    ON = "on"
    OFF = "off"


OFF = SectionState.OFF

SettingsPath = tuple[str, ...]
SettingsValue = str | int | float | bool | Sequence[object] | SectionState | None
FlatSettings = dict[SettingsPath, SettingsValue]


@dataclass(frozen=True)
class SettingsChange:
    """One setting that differs; `before` is None if it had no value."""

    key: SettingsPath
    before: SettingsValue
    after: SettingsValue

    @property
    def difference(self) -> str:
        """Return the value before and after, for a user."""
        return f"{text(self.before)} → {text(self.after)}"

    def __str__(self) -> str:
        return f"{dotted(self.key)}  {self.difference}"


def text(value: SettingsValue) -> str:
    """Return a value for a user: a switch is on or off, a list has commas."""
    if isinstance(value, SectionState):
        return value.value
    if value is None or value in ("", (), []):
        return "(empty)"
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(str(item) for item in value) if isinstance(value, tuple | list) else str(value)


def of_settings(settings: Settings) -> FlatSettings:
    """Return all values of settings as the file has them, with defaults. A section that is off is `OFF`."""
    return dict(_walk(settings, ()))


def _walk(section: Any, path: SettingsPath) -> Iterator[tuple[SettingsPath, SettingsValue]]:
    for item in fields(section):
        value = getattr(section, item.name)
        nested, _ = section_type(type(section), item)
        if nested is None:
            yield (*path, item.name), _as_written(value)
        elif value is None:
            yield (*path, item.name), OFF
        else:
            yield from _walk(value, (*path, item.name))


def _as_written(value: object) -> SettingsValue:
    """Return a value as the settings file has it: an address is a text there."""
    if isinstance(value, tuple):
        return tuple(_as_written(each) for each in value)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def of_mapping(mapping: Mapping[Any, Any], path: SettingsPath = ()) -> FlatSettings:
    """Return all values of a parsed YAML file, known keys or not; `path` is that of the mapping."""
    found: FlatSettings = {}
    for name, value in mapping.items():
        here = (*path, str(name))
        if isinstance(value, dict):
            found |= of_mapping(value, here)
        else:
            # YAML 1.1 reads `off` as false.
            found[here] = OFF if here in _SWITCHABLE and (value is False or value == "off") else value
    return found


def nested(values: FlatSettings) -> dict[str, Any]:
    """Return the mapping of a YAML file with these values. A value at a section's own path hides all below it."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        if any(path[:end] in values for end in range(1, len(path))):
            continue
        place = tree
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = False if value is OFF else list(value) if isinstance(value, tuple) else value
    return tree


def _switchable(kind: type, path: SettingsPath = ()) -> Iterator[SettingsPath]:
    """Yield the paths of the sections that can be switched off."""
    for item in fields(kind):
        section, optional = section_type(kind, item)
        if section is not None:
            if optional:
                yield (*path, item.name)
            yield from _switchable(section, (*path, item.name))


_SWITCHABLE = frozenset(_switchable(Settings))


def is_off(values: FlatSettings, path: SettingsPath) -> bool:
    """Return whether a section above a key holds a plain value, so that the key has no meaning."""
    return any(path[:end] in values for end in range(1, len(path)))


def required(kind: type = Settings) -> tuple[SettingsPath, ...]:
    """Return the keys that have no default and must be given."""
    return tuple((item.name,) for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING)


def changes(before: Settings, after: Settings) -> tuple[SettingsChange, ...]:
    """Return the settings that differ. A section that is switched off is one change, `on` to off."""
    old, new = of_settings(before), of_settings(after)
    found = []
    for path in dict.fromkeys((*old, *new)):
        if path in new and old.get(path) != new[path]:
            was_off = any(path[:end] in old for end in range(1, len(path)))
            switched_off = path not in old and new[path] is OFF
            present = OFF if was_off else SectionState.ON if switched_off else old.get(path)
            found.append(SettingsChange(path, present, new[path]))
    return tuple(found)
