"""Makes the man page and the pages of settings, commands and JSON: python -m installer.cli.reference."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from installer.cli import command_tree, json_reference, man_page
from installer.cli.command_tree import Entry
from runtime.base import files
from runtime.base.schema import describe, section_type
from runtime.config.settings import Settings

# The wheel has all of packaging/share, where pip, and pipx since 1.3, find it.
MAN_PAGE = Path("packaging/share/man/man1/shoestring.1")
MADE = "<!-- Made by `python -m installer.cli.reference`; a test compares it. -->\n"


def settings_page() -> str:
    """Return the page of all settings: key, default, meaning."""
    rows = "\n".join(_rows(Settings, ""))
    return (
        f"{MADE}\n# Settings\n\n"
        "All settings are in `conf/shoestring.yaml` of the data directory. The same keys serve as answers for\n"
        "`shoestring setup --answers FILE`. All invalid keys and values are reported at once, each with its path,\n"
        "and nothing is changed. After an edit: `shoestring plan`, then `shoestring start`.\n\n"
        f"| key | default | meaning |\n| --- | --- | --- |\n{rows}\n"
    )


def _rows(kind: type, prefix: str) -> Iterator[str]:
    for item in fields(kind):
        name = f"{prefix}{item.name}"
        nested, optional = section_type(kind, item)
        if nested is not None:
            yield f"| `{name}` | {'on' if optional else ''} | {_sentence(describe(item).about)} |"
            yield from _rows(nested, f"{name}.")
        else:
            yield f"| `{name}` | {_default(item)} | {_sentence(describe(item).about)} |"


def _default(item: Field[Any]) -> str:
    if item.default is MISSING:
        return "(needed)"
    if isinstance(item.default, tuple):
        return f"`[{', '.join(map(str, item.default))}]`"
    if item.default is False:
        return "off"
    return f"`{item.default}`" if item.default != "" else "(empty)"


def _sentence(about: str) -> str:
    return f"{about[0].upper()}{about[1:]}."


def commands_page() -> str:
    """Return the page of all commands with their options, as `--help` prints them."""
    _, *commands = command_tree.read()
    return "\n".join([f"{MADE}\n# Commands\n", *map(_command, commands)])


def _command(entry: Entry) -> str:
    rows = "\n".join(f"| `{each.name.replace('|', ' or ')}` | {each.meaning} |" for each in entry.options)
    return f"## `{entry.usage}`\n\n{entry.help}\n\n| option | meaning |\n| --- | --- |\n{rows}\n"


def manual(changelog: str) -> str:
    """Return the man page of this version, with the date of the last release in a changelog."""
    released = re.search(r"^## \[[\d.]+\] - ([\d-]+)$", changelog, re.MULTILINE)
    return man_page.page(version("shoestring"), released[1] if released else "")


def main() -> None:
    """Write the pages into the checkout that is given, else into the current directory."""
    checkout = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    files.write(checkout / "docs" / "settings.md", settings_page())
    files.write(checkout / "docs" / "commands.md", commands_page())
    files.write(checkout / MAN_PAGE, manual((checkout / "CHANGELOG.md").read_text(encoding="utf-8")))
    files.write(checkout / "docs" / "json.md", json_reference.page())


if __name__ == "__main__":
    main()
