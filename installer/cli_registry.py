"""`shoestring registry`: the images in the Docker registry, their space, and who may push."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from installer.cli_cluster import listener, opened
from installer.cli_options import DataDirectory, DryRun, Json, Timeout, Yes
from runtime.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from runtime.operations import Cluster

app = typer.Typer(help="The Docker registry: images, their space, users.", no_args_is_help=True)
user_app = typer.Typer(help="Who may push and pull.", no_args_is_help=True)
app.add_typer(user_app, name="user")

User = Annotated[str, typer.Argument(help="What the user is called.", metavar="NAME")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Take the password from standard input; else one is generated.")
]


@app.command("list")
def list_(data_directory: DataDirectory = None, json: Json = False) -> None:
    """Show the images, how large they are, and when they came."""
    from datetime import UTC, datetime

    from installer.services import registry, registry_gc, registry_report

    cluster = _opened(data_directory)
    address = registry.address(cluster.paths, cluster.settings)
    tags = registry_gc.store(cluster.paths).tags()
    if json:
        print(registry_report.list_json(tags, address))
    else:
        print("\n".join(registry_report.list_lines(tags, address, datetime.now(UTC))))


@app.command()
def gc(
    untagged: Annotated[
        bool, typer.Option("--untagged", help="Also versions that no tag leads to, older than an hour.")
    ] = False,
    data_directory: DataDirectory = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Free the space of what nothing names any more. The registry is stopped meanwhile."""
    from installer.agree import agreed
    from installer.progress import Lines
    from installer.services import registry_gc, registry_report

    cluster = _opened(data_directory)
    waste = registry_gc.look(cluster, untagged=untagged)
    if dry_run:
        print(registry_report.waste_json(waste) if json else "\n".join(registry_report.waste_lines(waste)))
        return
    size = registry_report.bytes_text(waste.size)
    if not agreed(f"Free {size}? The registry answers nobody meanwhile.", yes=yes, json=json):
        return
    lines = Lines()
    say = (lambda step: None) if json else (lambda step: lines.passing("registry", step))
    waiting = listener(json).waiting
    done = registry_gc.collect(cluster, untagged=untagged, timeout=timeout, waiting=waiting, say=say)
    print(registry_report.collected_json(done) if json else "\n".join(registry_report.collected_lines(done)))
    raise typer.Exit(ExitCode.DONE if done.report.ok else ExitCode.FAILED)


@app.command()
def login(data_directory: DataDirectory = None) -> None:
    """Have Docker on this host find, trust and log in to the registry; shoestring deploy does it by itself."""
    from installer.services import registry, registry_login

    cluster = _opened(data_directory)
    note = registry_login.ensure(cluster)
    print(f"  {note}" if note else f"  ✓ logged in to {registry.address(cluster.paths, cluster.settings)}")
    raise typer.Exit(ExitCode.FAILED if note else ExitCode.DONE)


@user_app.command("add")
def user_add(
    name: User,
    password_stdin: FromStdin = False,
    data_directory: DataDirectory = None,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Add a user, or give one another password. All users may push, pull and delete."""
    from installer.services import accounts, registry, registry_login
    from runtime import files
    from runtime.sections import InternalTls

    cluster = _opened(data_directory)
    _refuse_own(name)
    chosen = accounts.read_password() if password_stdin else ""
    with files.lock(cluster.run.lock, timeout):
        account = accounts.put(registry.users(cluster.paths), name, chosen)
    address = registry.address(cluster.paths, cluster.settings)
    log_in = f"docker login {address} --username {name}"
    if json:
        print(accounts.put_json(account, log_in))
        return
    print("\n".join(accounts.put_lines(account, log_in)))
    plain = cluster.settings.internal_tls is InternalTls.NONE
    trust = "    On a machine that does not trust your CA yet: shoestring ssl ca"
    print(f"    {registry_login.insecure(address, here=False)}" if plain else trust)


@user_app.command("list")
def user_list(data_directory: DataDirectory = None, json: Json = False) -> None:
    """Show who may push and pull."""
    from installer.services import accounts, registry

    users = registry.users(_opened(data_directory).paths)
    lines = accounts.list_lines(users, "shoestring registry user add NAME")
    print(accounts.list_json(users) if json else "\n".join(lines))


@user_app.command("remove")
def user_remove(name: User, data_directory: DataDirectory = None, timeout: Timeout = 60.0) -> None:
    """Remove a user. What they pushed stays."""
    from installer.services import accounts, registry
    from runtime import files

    cluster = _opened(data_directory)
    users = registry.users(cluster.paths)
    _refuse_own(accounts.known(users, name))
    with files.lock(cluster.run.lock, timeout):
        users.remove(name)
    print(f"  ✓ {name} gets in no more")


def _opened(data_directory: Path | None) -> Cluster:
    from installer.services import registry

    cluster = opened(data_directory)
    registry.require(cluster.paths)
    return cluster


def _refuse_own(name: str) -> None:
    from installer.services import registry

    if name == registry.USER:
        raise UsageError(
            f"{name} is the user of this host itself. For another password change {registry.PASSWORD} in "
            f"conf/secrets.yaml, then: shoestring service add {registry.NAME}"
        )
