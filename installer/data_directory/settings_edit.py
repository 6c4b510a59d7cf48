"""Change values in the settings file of a user and nothing else: comments, order and quoting stay."""

from __future__ import annotations

from pathlib import Path

from installer.data_directory import flat_settings
from installer.data_directory.flat_settings import OFF, FlatSettings, SettingsPath
from installer.data_directory.settings_file import parse
from installer.data_directory.yaml_edit import CannotEditYamlError, set_value
from runtime.base.errors import SettingsError, UsageError
from runtime.config.settings import Settings


def edit(file: Path, text: str, desired: Settings) -> str:
    """Return the file's text with the values of `desired`.

    Raises UsageError that names the values to set by hand if the file's form does not allow it (aliases, merges).
    """
    present = parse(file, text)
    changed = flat_settings.changes(present, desired)
    edited = text
    try:
        for key, value in _steps(present, desired):
            edited = set_value(file, edited, key, value)
        if parse(file, edited) == desired:
            return edited
    except (SettingsError, CannotEditYamlError):
        pass
    by_hand = "\n".join(f"  {change}" for change in changed)
    raise UsageError(f"{file} cannot be edited automatically (aliases or merge keys). Set by hand:\n{by_hand}")


def _steps(present: Settings, desired: Settings) -> list[tuple[SettingsPath, object]]:
    """Return what to set, in order; a section that was off, or is switched off, is set as a whole."""
    before, after = flat_settings.of_settings(present), flat_settings.of_settings(desired)
    steps: list[tuple[SettingsPath, object]] = []
    for key, value in after.items():
        off = next((key[:end] for end in range(1, len(key)) if key[:end] in before), None)
        if off is None and before.get(key) != value:
            steps.append((key, value))
        elif off is not None and (off, ...) not in steps:
            steps.append((off, ...))
    return [(key, _below(after, key) if value is ... else False if value is OFF else value) for key, value in steps]


def _below(values: FlatSettings, section: SettingsPath) -> dict[str, object]:
    found = {key[len(section) :]: value for key, value in values.items() if key[: len(section)] == section}
    return flat_settings.nested(found)
