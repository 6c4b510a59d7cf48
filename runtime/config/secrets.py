"""`conf/secrets.yaml`: values that application files use as `${NAME}`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runtime.base import yaml_documents
from runtime.base.errors import Problem, SettingsError
from runtime.base.yaml_documents import DocumentError
from runtime.config import interpolation


def load(file: Path) -> dict[str, str]:
    """Read the secrets; a missing file is an empty one.

    Raises SettingsError for names that cannot be variables and values that are not text or numbers.
    """
    if not file.exists():
        return {}
    try:
        document = yaml_documents.load(file)
    except DocumentError as error:
        raise SettingsError(file, (error.problem,)) from error
    problems: list[Problem] = []
    for name, value in document.value.items():
        if not isinstance(name, str) or not interpolation.NAME.fullmatch(name):
            problems.append(document.problem((str(name),), "is not a name for a variable (letters, digits and _)"))
        elif isinstance(value, bool) or not isinstance(value, str | int | float):
            problems.append(document.problem((name,), "is not a text; put it in quotes"))
    if problems:
        raise SettingsError(file, tuple(problems))
    return {str(name): str(value) for name, value in document.value.items()}


def used(value: object, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a part of a Compose file uses (`${NAME}` or `$NAME`), with their values."""
    found: dict[str, str] = {}
    if isinstance(value, str) and "$" in value:
        found = {name: variables[name] for name in interpolation.names(value) if name in variables}
    elif isinstance(value, dict):
        for key, child in value.items():
            found |= used(key, variables) | used(child, variables)
    elif isinstance(value, list):
        for child in value:
            found |= used(child, variables)
    return found
