"""Makes pages of settings, commands and JSON from their declarations: python -m installer.cli.reference."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from installer.cli import json_reference
from runtime.base import files
from runtime.base.schema import describe, section_type
from runtime.config.settings import Settings

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
    import typer

    from installer.cli.main import app

    command = typer.main.get_command(app)
    context = command.make_context("shoestring", [], resilient_parsing=True)
    parts = [f"{MADE}\n# Commands\n", *_commands(command, context, "shoestring")]
    return "\n".join(parts)


def _commands(command: Any, context: Any, name: str) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if not children or command.invoke_without_command:
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        usage = " ".join([name, *map(_argument, arguments)])
        yield f"## `{usage}`\n\n{command.help.strip()}\n"
        rows = [record for each in command.params if not each.hidden and (record := each.get_help_record(context))]
        yield "\n".join(["| option | meaning |", "| --- | --- |", *(_row(*row) for row in rows)])
        yield ""
    for child in (each for each in children.values() if not each.hidden):
        yield from _commands(child, context, f"{name} {child.name}")


def _argument(argument: Any) -> str:
    name = (argument.metavar or argument.name.upper()).strip("[].…")
    more = f"{name}…" if argument.nargs == -1 else name
    return more if argument.required else f"[{more}]"


def _row(option: str, text: str) -> str:
    # Typer prints the type of an argument after its name.
    return f"| `{option.partition(' <')[0].replace('|', ' or ')}` | {text} |"


def main() -> None:
    """Write the pages into the directory that is given, else `docs`."""
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    files.write(directory / "settings.md", settings_page())
    files.write(directory / "commands.md", commands_page())
    files.write(directory / "json.md", json_reference.page())


if __name__ == "__main__":
    main()
