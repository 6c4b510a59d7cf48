"""Every command that the help shows, as data: the source of the page of commands and of the man page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """An option or argument, with its placeholder, and what it means."""

    name: str
    meaning: str


@dataclass(frozen=True)
class Entry:
    """A command: how it is called, its help, its options and arguments."""

    usage: str
    help: str
    options: tuple[Option, ...]


def read() -> tuple[Entry, ...]:
    """Return the program itself, then every command in the order of the help; hidden ones are left out."""
    import typer

    from installer.cli.main import app

    command = typer.main.get_command(app)
    context = command.make_context("shoestring", [], resilient_parsing=True)
    return (_entry(command, context, "shoestring"), *_commands(command, context, "shoestring"))


def _commands(group: Any, context: Any, name: str) -> Iterator[Entry]:
    for child in group.commands.values():
        if child.hidden:
            continue
        path = f"{name} {child.name}"
        is_group = hasattr(child, "commands")
        if not is_group or child.invoke_without_command:
            yield _entry(child, context, path)
        if is_group:
            yield from _commands(child, context, path)


def _entry(command: Any, context: Any, name: str) -> Entry:
    arguments = (each for each in command.params if each.param_type_name == "argument")
    records = (each.get_help_record(context) for each in command.params if not each.hidden)
    # Typer prints the type of an argument after its name.
    options = (Option(names.partition(" <")[0], text) for names, text in filter(None, records))
    return Entry(" ".join([name, *map(_argument, arguments)]), command.help.strip(), tuple(options))


def _argument(argument: Any) -> str:
    name = (argument.metavar or argument.name.upper()).strip("[].…")
    more = f"{name}…" if argument.nargs == -1 else name
    return more if argument.required else f"[{more}]"
