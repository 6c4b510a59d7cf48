"""The commands `user add`, `user list` and `user remove`, the same for every registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from installer.cli.frame import listener
from installer.cli.options import DataDirectory, DryRun, Json, PasswordStdin, Timeout, UserName
from runtime.output.encoder import emit

if TYPE_CHECKING:
    from installer.services.user_store import UserStore

# The users of the registry in a data directory. Raises UsageError where there is no such registry.
Find = Callable[[Path | None], "UserStore"]


def users_app(find: Find, *, may: str, removal: str) -> typer.Typer:
    """Return the commands of one registry. `may` is what its users may do, `removal` what else a removal does."""
    app = typer.Typer(help=f"Users who may {may}.", no_args_is_help=True)

    @app.command(help=f"Add a user who may {may}, or set another password.")
    def add(
        name: UserName,
        password_stdin: PasswordStdin = False,
        data_directory: DataDirectory = None,
        dry_run: DryRun = False,
        json: Json = False,
        timeout: Timeout = 60.0,
    ) -> None:
        _add(find(data_directory), name, timeout, password_stdin=password_stdin, dry_run=dry_run, json=json)

    @app.command("list", help=f"List the users who may {may}.")
    def list_(data_directory: DataDirectory = None, json: Json = False) -> None:
        from installer.services import user_report
        from installer.services.json_users import UsersJson

        store = find(data_directory)
        emit(json, UsersJson(tuple(store.file.names)), user_report.list_lines(store))

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


def _add(store: UserStore, name: str, timeout: float, *, password_stdin: bool, dry_run: bool, json: bool) -> None:
    from installer.services import user_report
    from installer.services.json_users import UserJson
    from installer.services.user_store import read_password
    from runtime.base import files

    # An invalid name is refused before the user types a password.
    user = store.plan_put(name)
    if not dry_run:
        chosen = read_password() if password_stdin else ""
        with files.lock(store.lock, timeout, listener(json).waiting):
            user = store.put(name, chosen)
    emit(json, UserJson.of(store, user), user_report.put_lines(store, user, dry_run=dry_run))


def _remove(store: UserStore, name: str, timeout: float, *, dry_run: bool, json: bool) -> None:
    from installer.services import user_report
    from installer.services.json_users import UserRemovalJson
    from runtime.base import files

    if dry_run:
        store.require_removable(name)
    else:
        with files.lock(store.lock, timeout, listener(json).waiting):
            store.remove(name)
    emit(json, UserRemovalJson(name, removed=not dry_run), user_report.removed_lines(name, dry_run=dry_run))
