"""The commands `user add`, `list` and `remove`, which every registry has in the same form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from installer.cli.cluster import listener
from installer.cli.options import DataDirectory, DryRun, Json, PasswordStdin, Timeout, UserName

if TYPE_CHECKING:
    from installer.services.user_store import Door

# The users of the registry in a data directory. Raises UsageError where there is no such registry.
Find = Callable[[Path | None], "Door"]


def users_app(find: Find, *, may: str, removal: str) -> typer.Typer:
    """The commands of one registry. `may` says what its users may do, `removal` what the removal of one means."""
    app = typer.Typer(help=f"Who may {may}.", no_args_is_help=True)

    @app.command(help=f"Add a user, who may {may}; or give one another password.")
    def add(
        name: UserName,
        password_stdin: PasswordStdin = False,
        data_directory: DataDirectory = None,
        dry_run: DryRun = False,
        json: Json = False,
        timeout: Timeout = 60.0,
    ) -> None:
        _add(find(data_directory), name, timeout, password_stdin=password_stdin, dry_run=dry_run, json=json)

    @app.command("list", help=f"Show who may {may}.")
    def list_(data_directory: DataDirectory = None, json: Json = False) -> None:
        from installer.services import user_store

        door = find(data_directory)
        print(user_store.list_json(door) if json else "\n".join(user_store.list_lines(door)))

    @app.command(help=f"Remove a user. {removal}")
    def remove(
        name: UserName,
        data_directory: DataDirectory = None,
        dry_run: DryRun = False,
        json: Json = False,
        timeout: Timeout = 60.0,
    ) -> None:
        _remove(find(data_directory), name, timeout, dry_run=dry_run, json=json)

    return app


def _add(door: Door, name: str, timeout: float, *, password_stdin: bool, dry_run: bool, json: bool) -> None:
    from installer.services import user_store
    from runtime.base import files

    # What is refused is refused before a person types a password.
    account = user_store.planned(door, name)
    if not dry_run:
        chosen = user_store.read_password() if password_stdin else ""
        with files.lock(door.lock, timeout, listener(json).waiting):
            account = user_store.put(door, name, chosen)
    lines = user_store.put_lines(door, account, dry_run=dry_run)
    print(user_store.put_json(door, account) if json else "\n".join(lines))


def _remove(door: Door, name: str, timeout: float, *, dry_run: bool, json: bool) -> None:
    from installer.services import user_store
    from runtime.base import files

    if dry_run:
        user_store.known(door, name)
    else:
        with files.lock(door.lock, timeout, listener(json).waiting):
            user_store.remove(door, name)
    lines = user_store.removed_lines(name, dry_run=dry_run)
    print(user_store.removed_json(name, removed=not dry_run) if json else "\n".join(lines))
