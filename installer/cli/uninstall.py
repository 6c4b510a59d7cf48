"""`shoestring uninstall`: removes an instance from this host."""

from __future__ import annotations

from io import StringIO
from typing import Annotated

import typer

from installer.cli.options import DataDirectory, DryRun, Json, Yes
from runtime.output.encoder import emit

app = typer.Typer()


@app.command()
def uninstall(
    data_directory: DataDirectory = None,
    purge: Annotated[bool, typer.Option("--purge", help="Also delete the data directory with all data.")] = False,
    confirm: Annotated[
        str, typer.Option(help="With --purge: the path of the data directory, in place of typing it.", metavar="DIR")
    ] = "",
    name: Annotated[str, typer.Option("--name", hidden=True)] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Remove Shoestring from this host. The data directory stays.

    Remove timers, containers, networks, images and swap.
    """
    from installer.terminal.confirm import confirm_by_typing, confirmed
    from installer.terminal.progress import ProgressLines
    from installer.uninstall import run as work
    from installer.uninstall.json_results import UninstallJson
    from installer.uninstall.report import uninstall_lines
    from runtime.base.paths import find
    from runtime.context.cluster import open_cluster

    cluster = None
    planned = work.plan_unfinished_purge(data_directory) if purge else None
    if planned is None:
        cluster = open_cluster(find(data_directory))
        planned = work.plan(cluster, purge=purge)
    if not json:
        print("\n".join(uninstall_lines(planned)))
    if dry_run:
        emit(json, UninstallJson.of(planned), ())
        return
    if not confirmed("Remove all of this?", yes=yes, json=json):
        return
    if purge:
        confirm_by_typing(
            "All data in it is deleted. Type the path of the data directory", str(planned.directory), confirm or name
        )
    # With --json the plan is the answer, without further lines.
    lines = ProgressLines(StringIO()) if json else ProgressLines()
    if cluster:
        work.apply(cluster, planned, lines)
    else:
        work.finish(planned, lines)
    emit(json, UninstallJson.of(planned), ())
