"""The command line: every `shoestring` command. Each imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from installer.cli import (
    deploy,
    images,
    memory,
    metrics,
    npm,
    postgres,
    reach,
    registry,
    service,
    ssl,
    uninstall,
    vpn,
)
from installer.cli import firewall as cli_firewall
from installer.cli import setup as cli_setup
from installer.cli import swap as cli_swap
from installer.cli import timers as cli_timers
from installer.cli.frame import finish, listener, opened
from installer.cli.options import DataDirectory, DryRun, Json, Timeout
from runtime.base import hints
from runtime.base.constants import UMASK
from runtime.base.errors import DEBUG_VARIABLE, explain
from runtime.base.paths import Side
from runtime.output.encoder import emit, result_json

app = typer.Typer(
    name="shoestring",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(deploy.app)
app.add_typer(images.app, name="images")
app.add_typer(ssl.app, name="ssl")
vpn.app.add_typer(reach.app)
app.add_typer(vpn.app, name="vpn")
app.add_typer(cli_firewall.app, name="firewall")
app.add_typer(service.app, name="service")
app.add_typer(metrics.app, name="metrics")
app.add_typer(registry.app, name="registry")
app.add_typer(npm.app, name="npm")
app.add_typer(postgres.app, name="postgres")
app.add_typer(reach.old_app)
app.add_typer(cli_timers.app, name="timers")
app.add_typer(memory.app)
app.add_typer(cli_swap.app, name="swap")
app.add_typer(uninstall.app)
app.command()(cli_setup.setup)


def main() -> None:
    """Run the command line; an error becomes one sentence and an exit code."""
    os.umask(UMASK)
    with hints.completed(sys.argv[1:]):
        try:
            app()
        except Exception as error:
            if DEBUG_VARIABLE in os.environ:
                raise
            sentence, code = explain(error)
            if "--json" in sys.argv[1:]:
                from runtime.output.json_error import ErrorJson

                print(result_json(ErrorJson.of(error)))
            print(sentence, file=sys.stderr)
            sys.exit(code)


def _version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        print(version("shoestring"))
        raise typer.Exit


@app.callback()
def _top(
    data_directory: DataDirectory = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turn one small server into a cluster of plain Docker Compose applications."""


@app.command()
def start(
    data_directory: DataDirectory = None, dry_run: DryRun = False, json: Json = False, timeout: Timeout = 60.0
) -> None:
    """Start everything that the configuration defines."""
    from runtime.reconcile import operations

    if dry_run:
        _show_plan(data_directory, json)
        return
    report = operations.start(opened(data_directory), listener(json), timeout)
    finish(report, "everything runs as configured", json)


@app.command()
def stop(
    data_directory: DataDirectory = None, dry_run: DryRun = False, json: Json = False, timeout: Timeout = 60.0
) -> None:
    """Stop and remove all containers and networks. Files and data stay."""
    from runtime.output.json_results import ChangesJson
    from runtime.output.report import change_lines
    from runtime.reconcile import operations

    cluster = opened(data_directory)
    if dry_run:
        plan = operations.stop_plan(cluster)
        emit(json, ChangesJson.of(plan), change_lines(plan, "shoestring stop"))
        return
    finish(operations.stop(cluster, listener(json), timeout), "nothing of this instance runs", json)


@app.command()
def reload(
    side: Annotated[Side | None, typer.Argument(help="Only the proxy of this side.")] = None,
    data_directory: DataDirectory = None,
    force: Annotated[bool, typer.Option("--force", help="Reload even if nothing changed.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Reload the proxies with a newly rendered, checked configuration."""
    from runtime.output.json_results import ChangesJson
    from runtime.output.report import change_lines
    from runtime.reconcile import operations

    cluster = opened(data_directory)
    sides = (side,) if side else tuple(Side)
    if dry_run:
        plan = operations.reload_plan(cluster, sides, force=force)
        emit(json, ChangesJson.of(plan), change_lines(plan, "shoestring reload"))
        return
    report = operations.reload(cluster, sides, listener(json), timeout, force=force)
    finish(report, "the proxies run the configuration of the files", json)


@app.command()
def watchdog(data_directory: DataDirectory = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Repair what differs from the configuration, once.

    What failed recently is tried again after a delay.
    """
    from runtime.base.errors import LockedError
    from runtime.metrics.measured_watchdog import watch
    from runtime.output.json_results import ReportJson
    from runtime.reconcile.watchdog import skipped

    if dry_run:
        _show_plan(data_directory, json)
        return
    try:
        report = watch(opened(data_directory), listener(json))
    except LockedError as error:
        emit(json, ReportJson.of(skipped(error)), (f"Nothing done. {error}",))
        return
    finish(report, "everything runs as configured", json)


@app.command()
def plan(data_directory: DataDirectory = None, json: Json = False) -> None:
    """Show what `start` would change."""
    _show_plan(data_directory, json)


def _show_plan(data_directory: Path | None, json: bool) -> None:
    from runtime.output.json_results import PlanJson
    from runtime.output.report import plan_lines
    from runtime.reconcile.snapshot import Snapshot

    planned = Snapshot(opened(data_directory)).report
    if not json and sys.stdout.isatty():
        from installer.cli.tables import print_plan

        print_plan(planned)
    else:
        emit(json, PlanJson.of_report(planned), plan_lines(planned))


@app.command()
def status(data_directory: DataDirectory = None, json: Json = False) -> None:
    """Show what runs and what is wrong."""
    from datetime import UTC, datetime

    from installer.host import health
    from installer.host.json_results import HostStatusJson
    from installer.host.report import health_rows
    from runtime.output.report import status_lines
    from runtime.reconcile.operations import status as look_up

    cluster = opened(data_directory)
    found, host = look_up(cluster), health.observe(cluster.settings, cluster.paths.root)
    now = datetime.now(UTC)
    rows = health_rows(host, now.timestamp())
    if not json and sys.stdout.isatty():
        from installer.cli.tables import print_health, print_status

        print_status(found, now)
        print_health(rows)
    else:
        lines = (*status_lines(found, now), *(f"{row.name}  {row.text}" for row in rows))
        emit(json, HostStatusJson.of_host(found, host), lines)
