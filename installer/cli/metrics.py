"""`shoestring metrics`: plots, InfluxDB's client, and the retention of metrics."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from installer.cli.frame import opened
from installer.cli.options import DataDirectory, DryRun, Json, Yes
from runtime.output.encoder import emit

app = typer.Typer()


@app.callback(invoke_without_command=True)
def metrics(
    context: typer.Context,
    hours: Annotated[int, typer.Option(help="Time range in hours.", min=1, max=720)] = 6,
    data_directory: DataDirectory = None,
    json: Json = False,
) -> None:
    """Plot the metrics of host, containers, proxies and VPN."""
    if context.invoked_subcommand is None:
        import shutil
        import time

        from installer.metrics import page
        from installer.metrics.json_results import MetricsJson

        width = shutil.get_terminal_size().columns if sys.stdout.isatty() and not json else 0
        shown = page.window(time.time(), hours, page.columns_for(width))
        taken = page.query(opened(data_directory), shown)
        emit(json, MetricsJson.of(taken), page.lines(taken, width))


@app.command()
def shell(data_directory: DataDirectory = None) -> None:
    """Open the InfluxDB client as administrator."""
    from installer.metrics import influxdb
    from installer.terminal.confirm import at_terminal

    influxdb.shell(opened(data_directory), terminal=at_terminal())


@app.command()
def retention(
    days: Annotated[int | None, typer.Argument(help="Days to keep measurements.", metavar="[DAYS]")] = None,
    data_directory: DataDirectory = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Show or change how long measurements are kept.

    Hourly means are kept for a year.
    """
    from installer.metrics import influxdb, retention_report
    from installer.metrics.json_results import RetentionChangeJson, RetentionJson
    from installer.terminal.confirm import confirmed

    cluster = opened(data_directory)
    before = influxdb.retention(cluster)
    if days is None:
        emit(json, RetentionJson.of(before), retention_report.retention_lines(before))
        return
    requested = influxdb.checked_days(days)
    if not json:
        print("\n".join(retention_report.change_lines(before, requested)))
    # Only a change that loses data has to be confirmed.
    is_confirmed = dry_run or not before.shortens(requested) or confirmed("Change it?", yes=yes, json=json)
    if is_confirmed and not dry_run and requested != before.days:
        influxdb.set_retention(cluster, requested)
        if not json:
            print("  ✓ changed")
    if json:
        emit(json, RetentionChangeJson.of_change(before, requested, influxdb.retention(cluster)), ())
