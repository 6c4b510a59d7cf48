"""Write settings as the commented `conf/shoestring.yaml`; the comments are the schema's own words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from installer.data_directory.yaml_edit import scalar
from runtime.base import yaml_documents
from runtime.base.errors import SettingsError, ShoestringError
from runtime.base.schema import describe, section_type
from runtime.base.yaml_documents import DocumentError
from runtime.config import settings
from runtime.config.settings import Settings

WIDTH = 100
HEADER = """\
# The settings of this data directory. Edit them, then: shoestring plan, shoestring start
# (or change them by questions: shoestring setup)
"""


def render(desired: Settings) -> str:
    """Return the text of a new settings file with all values, those that have no default first.

    It is read back: raises ShoestringError if it would not give these settings.
    """
    text = HEADER + "".join(_section(desired, 0))
    if parse(Path("shoestring.yaml"), text) != desired:
        raise ShoestringError("The settings cannot be written so that they read the same. Report this error.")
    return text


def _section(values: Any, indent: int) -> Iterator[str]:
    items = fields(values)
    for item in sorted(items, key=lambda each: each.default is not MISSING or each.default_factory is not MISSING):
        nested, optional = section_type(type(values), item)
        value = getattr(values, item.name)
        yield from _comment(describe(item).about, indent, before="\n" if indent == 0 else "")
        pad = " " * indent
        if nested is None:
            yield f"{pad}{item.name}: {scalar(value)}\n"
        elif value is None and optional:
            yield f"{pad}{item.name}: off\n"
        else:
            yield f"{pad}{item.name}:\n"
            yield from _section(value, indent + 2)


def _comment(text: str, indent: int, before: str) -> Iterator[str]:
    prefix = " " * indent + "# "
    yield before + textwrap.fill(text, WIDTH, initial_indent=prefix, subsequent_indent=prefix) + "\n"


def parse(file: Path, text: str) -> Settings:
    """Return the settings of a file's text. Raises SettingsError."""
    try:
        return settings.from_document(yaml_documents.parse(file, text))
    except DocumentError as error:
        raise SettingsError(file, (error.problem,)) from error
