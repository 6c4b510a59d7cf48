"""`shoestring service`: the internal services that Shoestring brings along."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from installer.cli import completion
from installer.cli.frame import listener, opened
from installer.cli.options import DataDirectory, DryRun, Json, Timeout, Yes
from runtime.base.errors import ExitCode
from runtime.output.encoder import emit

if TYPE_CHECKING:
    from installer.services.add import StartedServices, WrittenServices
    from installer.services.plan import ServicePlan
    from runtime.context.cluster import Cluster

app = typer.Typer(help="Internal services: metrics, registries, a database.", no_args_is_help=True)

Names = Annotated[
    list[str],
    typer.Argument(help="Names of services.", metavar="NAME...", autocompletion=completion.service_names),
]


@app.command("list")
def list_(data_directory: DataDirectory = None, json: Json = False) -> None:
    """List the services with their state and memory."""
    from installer.data_directory import default_directory
    from installer.host import memory
    from installer.services import catalogue, report, status
    from installer.services.json_results import ServicesJson

    cluster = opened(data_directory)
    found, host = status.collect(cluster, catalogue.load()), memory.observe_host()
    lines = report.list_lines(found, host, default_directory.option(cluster.paths.root))
    emit(json, ServicesJson.of(found, host), lines)


@app.command()
def add(
    names: Names,
    data_directory: DataDirectory = None,
    force: Annotated[bool, typer.Option("--force", help="Add them even if too little memory is left.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Add services and what they require, and start them."""
    from installer.host import memory
    from installer.services import catalogue, offer, plan, report, service_files
    from installer.services.add import WrittenServices
    from installer.services.json_results import ServiceAddJson
    from installer.terminal.confirm import confirmed

    cluster = opened(data_directory)
    services = catalogue.complete(catalogue.load(), names)
    planned = plan.plan(cluster.paths, cluster.settings, services, service_files.template_host())
    host = memory.observe_host()
    if not json:
        print("\n".join(report.plan_lines(planned, cluster.settings, host)))
    offer.must_fit(planned.new, host, force=force)
    if dry_run:
        emit(json, ServiceAddJson.of_plan(planned, None, WrittenServices(), {}), ())
        return
    if not planned.is_empty and not confirmed("Add this?", yes=yes, json=json):
        return
    started, written = _add(cluster, planned, json, timeout)
    _report_added(cluster, planned, started, written, json)


def _add(
    cluster: Cluster, planned: ServicePlan, json: bool, timeout: float
) -> tuple[StartedServices | None, WrittenServices]:
    from installer.services import add as adding
    from installer.terminal.progress import ProgressLines
    from runtime.base import files
    from runtime.context.cluster import open_cluster

    lines = ProgressLines()
    adding.fetch(cluster, planned, lambda now: None if json else lines.passing("images", f"{now.image}  {now.line}"))
    shown = listener(json)
    with files.lock(cluster.run.lock, timeout, shown.waiting):
        written = adding.write(cluster.paths, planned)
    if not json and not planned.is_empty:
        lines.done("files", f"{cluster.paths.conf}")
        if written.note:
            lines.note(written.note)
    # A cluster that the user stopped is not started as a side effect.
    if cluster.run.stopped.exists():
        return None, written
    return adding.start(open_cluster(cluster.paths), planned, shown, timeout), written


def _report_added(
    cluster: Cluster, planned: ServicePlan, started: StartedServices | None, written: WrittenServices, json: bool
) -> None:
    from installer.data_directory import default_directory
    from installer.services import report, status
    from installer.services.json_results import ServiceAddJson
    from runtime.output.report import report_lines

    option = default_directory.option(cluster.paths.root)
    addresses = {
        each.name: status.addresses_of(cluster.paths, cluster.settings, each.name) for each in planned.services
    }
    if started is None:
        lines = [f"  The cluster is stopped. Start it with: shoestring start{option}"]
    else:
        lines = report_lines(started.report, "everything runs as configured")
    lines += report.added_lines(planned.services, written, addresses, terminal=sys.stdout.isatty())
    if started and started.failed:
        names = " ".join(started.failed)
        lines.append(
            f"  Not ready for use. Once that is corrected, run again: shoestring service add {names}{option}"
        )
    emit(json, ServiceAddJson.of_plan(planned, started, written, addresses), lines)
    raise typer.Exit(ExitCode.DONE if started is None or started.report.ok else ExitCode.FAILED)


@app.command()
def remove(
    names: Names,
    data_directory: DataDirectory = None,
    purge: Annotated[bool, typer.Option("--purge", help="Also delete configuration, data and passwords.")] = False,
    confirm: Annotated[
        str, typer.Option(help="With --purge: the same names again, in place of typing them.", metavar="NAMES")
    ] = "",
    name: Annotated[str, typer.Option("--name", hidden=True)] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Remove services. Data, passwords and configuration stay."""
    from installer.services import catalogue, report
    from installer.services import remove as removing
    from installer.services.json_results import ServiceRemoveJson
    from installer.terminal.confirm import confirm_by_typing, confirmed
    from runtime.output.report import report_lines

    cluster = opened(data_directory)
    removal = removing.plan(cluster.paths, catalogue.load(), names, purge=purge)
    if not json:
        print("\n".join(report.removal_lines(removal, cluster.paths)))
    if dry_run:
        emit(json, ServiceRemoveJson.of_removal(removal, None), ())
        return
    # Even if nothing is left to list, a killed run is completed.
    if not removal.is_empty and not confirmed("Remove this?", yes=yes, json=json):
        return
    if purge and not removal.is_empty:
        confirm_by_typing(f"This is deleted for good. Type {' '.join(names)}", " ".join(names), confirm or name)
    done = removing.carry_out(cluster, removal, listener(json), timeout)
    lines = report_lines(done.report, "everything runs as configured") if done.report else []
    lines += [f"  {note}" for note in done.notes]
    if purge and not removal.is_empty:
        lines.append("  ✓ removed for good")
    emit(json, ServiceRemoveJson.of_removal(removal, done), lines)
    raise typer.Exit(ExitCode.DONE if done.ok else ExitCode.FAILED)
