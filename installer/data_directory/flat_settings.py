"""Settings as single values with their key paths: how answers, differences and the settings file see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from runtime.base.schema import section_type
from runtime.base.yaml_documents import KeyPath, dotted
from runtime.config.settings import Settings

# What a section that is switched off holds: `public: off`, which YAML 1.1 reads as false.
OFF = False

Leaves = dict[KeyPath, object]


@dataclass(frozen=True)
class Change:
    """One setting that differs; `before` is None where it was not there."""

    key: KeyPath
    before: object
    after: object

    @property
    def difference(self) -> str:
        """The value before and after, as a person reads it."""
        return f"{text(self.before)} → {text(self.after)}"

    def __str__(self) -> str:
        return f"{dotted(self.key)}  {self.difference}"


def text(value: object) -> str:
    """A value as a person reads it."""
    if value is None or value in ("", (), []):
        return "(empty)"
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(str(item) for item in value) if isinstance(value, tuple | list) else str(value)


def of_settings(settings: Settings) -> Leaves:
    """All values of some settings as the file has them, defaults too. A section that is off is one value, `OFF`."""
    return dict(_walk(settings, ()))


def _walk(section: Any, path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    for item in fields(section):
        value = getattr(section, item.name)
        nested, _ = section_type(type(section), item)
        if nested is None:
            yield (*path, item.name), _as_written(value)
        elif value is None:
            yield (*path, item.name), OFF
        else:
            yield from _walk(value, (*path, item.name))


def _as_written(value: object) -> object:
    """Return a value as the settings file has it: an address is a text there."""
    if isinstance(value, tuple):
        return tuple(_as_written(each) for each in value)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def of_mapping(mapping: Mapping[Any, object]) -> Leaves:
    """All values of a parsed YAML file, known keys or not."""
    found: Leaves = {}
    for name, value in mapping.items():
        if isinstance(value, dict):
            found |= {(str(name), *path): child for path, child in of_mapping(value).items()}
        else:
            found[(str(name),)] = OFF if value == "off" else value
    return found


def nested(leaves: Leaves) -> dict[str, Any]:
    """The mapping that a YAML file with these values has. A value at a section's own path hides all below it."""
    tree: dict[str, Any] = {}
    for path, value in leaves.items():
        if any(path[:end] in leaves for end in range(1, len(path))):
            continue
        place = tree
        for part in path[:-1]:
            place = place.setdefault(str(part), {})
        place[str(path[-1])] = list(value) if isinstance(value, tuple) else value
    return tree


def is_off(leaves: Leaves, path: KeyPath) -> bool:
    """Whether a section above a key holds a plain value, so that the key has no meaning."""
    return any(path[:end] in leaves for end in range(1, len(path)))


def required(kind: type = Settings) -> tuple[KeyPath, ...]:
    """The keys that have no default and must be given."""
    return tuple((item.name,) for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING)


def changes(before: Settings, after: Settings) -> tuple[Change, ...]:
    """The settings that differ. A section that is switched off is one change, `on` to off."""
    old, new = of_settings(before), of_settings(after)
    found = []
    for path in dict.fromkeys((*old, *new)):
        if path in new and old.get(path) != new[path]:
            was_off = any(path[:end] in old for end in range(1, len(path)))
            switched_off = path not in old and new[path] is OFF
            found.append(Change(path, OFF if was_off else "on" if switched_off else old.get(path), new[path]))
    return tuple(found)
