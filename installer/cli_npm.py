"""`shoestring npm`: who may publish packages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from installer.cli_cluster import opened
from installer.cli_options import DataDirectory, Json, Timeout

if TYPE_CHECKING:
    from runtime.operations import Cluster

app = typer.Typer(help="The npm registry: users.", no_args_is_help=True)
user_app = typer.Typer(help="Who may publish.", no_args_is_help=True)
app.add_typer(user_app, name="user")

User = Annotated[str, typer.Argument(help="What the user is called.", metavar="NAME")]


@user_app.command("add")
def user_add(
    name: User,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Take the password from standard input; else one is generated.")
    ] = False,
    data_directory: DataDirectory = None,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Add a user, or give one another password."""
    from installer.services import accounts, npm
    from runtime import files

    cluster = _opened(data_directory)
    chosen = accounts.read_password() if password_stdin else ""
    with files.lock(cluster.run.lock, timeout):
        account = accounts.put(npm.users(cluster.paths), name, chosen)
    log_in = f"npm login --auth-type=legacy --registry {npm.url(cluster.paths, cluster.settings)}"
    print(accounts.put_json(account, log_in) if json else "\n".join(accounts.put_lines(account, log_in)))


@user_app.command("list")
def user_list(data_directory: DataDirectory = None, json: Json = False) -> None:
    """Show who may publish."""
    from installer.services import accounts, npm

    users = npm.users(_opened(data_directory).paths)
    lines = accounts.list_lines(users, "shoestring npm user add NAME")
    print(accounts.list_json(users) if json else "\n".join(lines))


@user_app.command("remove")
def user_remove(name: User, data_directory: DataDirectory = None, timeout: Timeout = 60.0) -> None:
    """Remove a user; the registry starts anew for that. What they published stays."""
    from installer.services import accounts, npm
    from runtime import files

    cluster = _opened(data_directory)
    users = npm.users(cluster.paths)
    accounts.known(users, name)
    with files.lock(cluster.run.lock, timeout):
        users.remove(name)
        npm.forget_user(cluster)
    print(f"  ✓ {name} gets in no more")


def _opened(data_directory: Path | None) -> Cluster:
    from installer.services import npm

    cluster = opened(data_directory)
    npm.require(cluster.paths)
    return cluster
