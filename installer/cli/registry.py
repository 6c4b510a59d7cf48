"""`shoestring registry`: the images in the Docker registry, garbage collection, users, login."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from installer.cli.frame import listener, opened
from installer.cli.options import DataDirectory, DryRun, Json, Timeout, Yes
from installer.cli.users import users_app
from runtime.base.errors import ExitCode
from runtime.output.encoder import emit

if TYPE_CHECKING:
    from installer.services.user_store import UserStore
    from runtime.context.cluster import Cluster


def _opened(data_directory: Path | None) -> Cluster:
    from installer.services.registry_docker import registry

    cluster = opened(data_directory)
    registry.require(cluster.paths)
    return cluster


def _user_store(data_directory: Path | None) -> UserStore:
    from installer.services.registry_docker import registry

    return registry.user_store(opened(data_directory))


app = typer.Typer(help="The Docker registry: images, disk space, users.", no_args_is_help=True)
app.add_typer(users_app(_user_store, may="push, pull and delete", removal="Pushed images stay."), name="user")


@app.command("list")
def list_(data_directory: DataDirectory = None, json: Json = False) -> None:
    """List the images with their size and time of push."""
    from datetime import UTC, datetime

    from installer.services.registry_docker import gc, registry, report
    from installer.services.registry_docker.json_results import TagsJson

    cluster = _opened(data_directory)
    address = registry.address(cluster.paths, cluster.settings)
    tags = gc.store(cluster.paths).tags()
    emit(json, TagsJson.of(tags, address), report.list_lines(tags, address, datetime.now(UTC)))


@app.command()
def gc(
    untagged: Annotated[
        bool, typer.Option("--untagged", help="Also delete untagged manifests older than an hour.")
    ] = False,
    data_directory: DataDirectory = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Delete unreferenced blobs (garbage collection).

    The registry is stopped while it runs.
    """
    from installer.services.registry_docker import gc, report
    from installer.services.registry_docker.json_results import CollectedJson, WasteJson
    from installer.terminal.confirm import confirmed
    from installer.terminal.progress import ProgressLines
    from runtime.base.formats import size

    cluster = _opened(data_directory)
    waste = gc.find_waste(cluster, untagged=untagged)
    if dry_run:
        emit(json, WasteJson.of(waste), report.waste_lines(waste))
        return
    if not confirmed(f"Free {size(waste.size)}? The registry is stopped meanwhile.", yes=yes, json=json):
        return
    lines = ProgressLines()
    say = (lambda step: None) if json else (lambda step: lines.passing("registry", step))
    waiting = listener(json).waiting
    done = gc.collect(cluster, untagged=untagged, timeout=timeout, waiting=waiting, say=say)
    lines.clear()
    emit(json, CollectedJson.of(done), report.collected_lines(done))
    raise typer.Exit(ExitCode.DONE if done.report.ok else ExitCode.FAILED)


@app.command()
def login(data_directory: DataDirectory = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Log Docker on this host in to the registry.

    Also make it resolve and trust the registry. `deploy` does this automatically.
    """
    from installer.services.registry_docker import login, report
    from installer.services.registry_docker.json_results import LoginJson

    cluster = _opened(data_directory)
    found = login.plan_login(cluster) if dry_run else login.ensure(cluster)
    emit(json, LoginJson.of(found), report.login_lines(found, dry_run=dry_run))
    raise typer.Exit(ExitCode.FAILED if found.note else ExitCode.DONE)
