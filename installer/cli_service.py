"""`shoestring service`: the internal services that Shoestring brings along."""

from __future__ import annotations

from typing import Annotated

import typer

from installer.cli_cluster import finish, listener, opened
from installer.cli_options import DataDirectory, DryRun, Json, Timeout, Yes

app = typer.Typer(help="Internal services: databases, dashboards, registries.", no_args_is_help=True)

Names = Annotated[list[str], typer.Argument(help="What the services are called.", metavar="NAME...")]


@app.command("list")
def list_(data_directory: DataDirectory = None) -> None:
    """Show the services that there are, and which of them are here."""
    from installer.services import catalogue
    from runtime.paths import find

    paths = find(data_directory)
    for service in catalogue.load().values():
        state = "there" if catalogue.is_there(paths, service.name) else "absent"
        print(f"  {service.name:<18} {state:<8} {service.memory} MB  {service.title}: {service.about}")


@app.command()
def add(
    names: Names,
    data_directory: DataDirectory = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Add services, with all that they need, and start them."""
    from installer.agree import agreed
    from installer.services import add as adding
    from installer.services import catalogue, plan, shipping
    from runtime import files

    cluster = opened(data_directory)
    services = catalogue.complete(catalogue.load(), names)
    wanted = plan.plan(cluster.paths, cluster.settings, services, shipping.look())
    print("\n".join(f"  + {change}" for change in wanted.changes))
    if dry_run or not agreed("Add this?", yes=yes, json=json):
        return
    adding.fetch(cluster, wanted, lambda _: None)
    with files.lock(cluster.run.lock, timeout):
        written = adding.write(cluster.paths, wanted)
    report = adding.start(opened(data_directory), wanted, listener(json), timeout)
    for name, value in written.shown:
        print(f"  {name}  {value}")
    finish(report, "everything runs as the files say", json)
