"""Names that a shell completes. They are read without root and without an engine, and nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import typer

from installer.cli.options import inherited


def application_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of applications that begin with `incomplete`; none if their files cannot be read."""
    from runtime.base.errors import ShoestringError

    try:
        return sorted({name for name in _application_names(context) if name.startswith(incomplete)})
    except (ShoestringError, OSError):
        return []


def _application_names(context: typer.Context) -> Iterator[str]:
    from runtime.base import validators
    from runtime.base.paths import Side, find
    from runtime.config import application_files

    paths = find(inherited(context, context.params.get("data_directory")))
    for side in Side:
        for file in application_files.list_side(paths.applications(side)):
            with suppress(ValueError):
                yield validators.application(file.stem)


def service_names(incomplete: str) -> list[str]:
    """Return the names of the internal services that begin with `incomplete`."""
    from installer.services import catalogue

    return [name for name in catalogue.names() if name.startswith(incomplete)]
