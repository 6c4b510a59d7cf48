"""`shoestring postgres`: its prompt, databases for applications, and another major version."""

from __future__ import annotations

from typing import Annotated

import typer

from installer.cli.frame import opened
from installer.cli.options import DataDirectory, DryRun, Json, Timeout, Yes
from runtime.base.errors import ExitCode
from runtime.output.encoder import emit

app = typer.Typer(help="Postgres: prompt, databases for applications, upgrades.", no_args_is_help=True)


@app.command()
def psql(
    database: Annotated[str, typer.Argument(help="Name of the database.", metavar="DB")] = "postgres",
    data_directory: DataDirectory = None,
) -> None:
    """Open psql as superuser, or run SQL from standard input."""
    from installer.services.postgres import server
    from installer.terminal.confirm import at_terminal
    from runtime.base import command

    cluster = opened(data_directory)
    running = server.running(cluster, server.find(cluster))
    cluster.client.close()
    command.exec_replace(running.psql(database, terminal=at_terminal()))


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the database and of its user.", metavar="NAME")],
    data_directory: DataDirectory = None,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Create a database with its own user, and print its URL."""
    from installer.services.postgres import databases
    from installer.services.postgres.json_results import DatabaseJson
    from runtime.base.paths import Side

    cluster = opened(data_directory)
    created = databases.create(cluster, name, timeout, dry_run=dry_run)
    lines = databases.created_lines(created, cluster.settings.network(Side.PUBLIC), dry_run=dry_run)
    emit(json, DatabaseJson.of(created, dry_run=dry_run), lines)


@app.command()
def upgrade(
    version: Annotated[int, typer.Argument(help="Major version, such as 18.", metavar="VERSION")],
    image: Annotated[str, typer.Option(help="Its image (default: the official one).", metavar="IMAGE")] = "",
    data_directory: DataDirectory = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Upgrade to another major version. The old data stay.

    Postgres is not reachable while it runs.
    """
    import io

    from installer.images import references, refresh
    from installer.images.progress import ignore
    from installer.services.postgres import report
    from installer.services.postgres import upgrade_job as jobs
    from installer.services.postgres.json_results import UpgradeJson, UpgradePreviewJson, UpgradeUnneededJson
    from installer.services.postgres.upgrade import upgrade as carry_out
    from installer.terminal.confirm import confirmed
    from installer.terminal.progress import ProgressLines

    cluster = opened(data_directory)
    source = cluster.settings.images.source
    job = jobs.find(cluster, version, references.checked(image) if image else "")
    if job is None:
        emit(json, UpgradeUnneededJson.of(version), (f"  Version {version} already runs. Nothing to do.",))
        return
    present = refresh.is_here(cluster.client, job.image, source)
    if dry_run or not json:
        emit(json, UpgradePreviewJson.of(job, present=present), report.job_lines(job, present=present))
    if dry_run or not confirmed("Upgrade now?", yes=yes, json=json):
        return
    lines = ProgressLines(io.StringIO() if json else None)
    fetched = refresh.fetch(cluster.client, job.image, source, ignore, only_if_missing=True)
    lines.done("image", fetched.image)
    upgraded = carry_out(cluster, job, lines, timeout)
    lines.clear()
    emit(json, UpgradeJson.of(upgraded), report.upgraded_lines(upgraded))
    raise typer.Exit(ExitCode.DONE if upgraded.ok else ExitCode.FAILED)


@app.command()
def prune(
    version: Annotated[
        str, typer.Argument(help="The version whose data are deleted, such as 17.", metavar="VERSION")
    ],
    data_directory: DataDirectory = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Delete data that Postgres no longer uses, such as of an old version."""
    from installer.services.postgres import prune as pruning
    from installer.services.postgres import report
    from installer.services.postgres.json_results import UnusedDataJson
    from installer.terminal.confirm import confirmed

    cluster = opened(data_directory)
    old = pruning.find(cluster, version)
    if not json:
        print("\n".join(report.old_lines(old)))
    removed = not dry_run and confirmed("Delete for good?", yes=yes, json=json)
    if removed:
        pruning.remove(cluster, version, timeout)
    emit(json, UnusedDataJson.of(old, removed=removed), ("  ✓ deleted",) if removed else ())


# Its name before.
app.command("forget", hidden=True)(prune)
