"""The files that an application file names and that Compose reads: a change in them changes the application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runtime.config.interpolation import interpolate_known

MAXIMUM_BYTES = 1_000_000


def files(value: Mapping[str, Any], directory: Path, variables: Mapping[str, str]) -> tuple[Path, ...]:
    """Return all files that a parsed application file names, relative ones from `directory`.

    Sources: the Compose specification for `include`, `extends`, `env_file`, `label_file`, `configs` and `secrets`.
    A name with a variable that has no value and no default is left out.
    """
    names = (interpolate_known(name, variables) for name in _names(value))
    return tuple(dict.fromkeys(directory / name for name in names if name is not None))


def contents(paths: tuple[Path, ...]) -> tuple[bytes, ...]:
    """Return the contents of files; empty for one that cannot be read, is no file, or is too large."""
    return tuple(_content(path) for path in paths)


def _content(path: Path) -> bytes:
    try:
        if path.is_file() and path.stat().st_size <= MAXIMUM_BYTES:
            return path.read_bytes()
    except OSError:
        pass
    return b""


def _names(value: Mapping[str, Any]) -> Iterator[str]:
    yield from _listed(value.get("include"), "path")
    services = value.get("services")
    for service in services.values() if isinstance(services, dict) else ():
        if isinstance(service, dict):
            yield from _listed(service.get("env_file"), "path")
            yield from _listed(service.get("label_file"), "path")
            yield from _listed(service.get("extends"), "file")
    for section in ("configs", "secrets"):
        entries = value.get(section)
        for entry in entries.values() if isinstance(entries, dict) else ():
            yield from _listed(entry, "file")


def _listed(value: object, key: str) -> Iterator[str]:
    """Yield file names in the forms that Compose accepts: a text, a mapping with `key`, or a list of these."""
    for item in value if isinstance(value, list) else [value]:
        name = item.get(key) if isinstance(item, dict) else item if key == "path" else None
        if isinstance(name, str):
            yield name
        elif isinstance(name, list):
            yield from (each for each in name if isinstance(each, str))
