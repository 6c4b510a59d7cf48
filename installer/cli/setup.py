"""`shoestring setup`: set this host up, by questions or a file of answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from installer.cli.options import DataDirectory, DryRun, Json, Yes
from runtime.output.encoder import emit

Answers = Annotated[
    Path | None, typer.Option(help="YAML file with settings (no questions are asked).", metavar="FILE")
]
Defaults = Annotated[bool, typer.Option("--defaults", help="Ask nothing; use the suggested settings.")]
Start = Annotated[bool, typer.Option("--start/--no-start", help="Start everything afterwards.")]
Record = Annotated[
    bool, typer.Option("--record/--no-record", help="Use this directory as the default for later commands.")
]
Timers = Annotated[
    bool | None,
    typer.Option("--timers/--no-timers", help="Start at boot and run the watchdog each minute (default: ask)."),
]
Swap = Annotated[
    bool | None,
    typer.Option("--swap/--no-swap", help="Add swap if the host has less than 1 GB of memory (default: ask)."),
]
LogRotation = Annotated[
    bool | None,
    typer.Option("--log-rotation/--no-log-rotation", help="Limit the size of Docker's logs (default: ask)."),
]
Firewall = Annotated[
    bool | None, typer.Option("--firewall/--no-firewall", help="Block all other ports (default: ask, or on).")
]


def setup(
    data_directory: DataDirectory = None,
    answers: Answers = None,
    defaults: Defaults = False,
    yes: Yes = False,
    start: Start = True,
    dry_run: DryRun = False,
    record: Record = True,
    timers: Timers = None,
    swap: Swap = None,
    log_rotation: LogRotation = None,
    firewall: Firewall = None,
    json: Json = False,
) -> None:
    """Set up this host.

    Ask a few questions, then create the data directory and start the proxies and an example application.
    """
    from installer.setup.host_setup import HostChoice
    from installer.setup.json_results import SetupJson
    from installer.setup.plan import SetupOptions
    from installer.setup.run import run

    options = SetupOptions(
        data_directory=data_directory,
        answers=answers,
        defaults=defaults,
        yes=yes,
        start=start,
        dry_run=dry_run,
        make_default=record,
        host=HostChoice(timers, swap, log_rotation, firewall),
        json=json,
    )
    outcome = run(options)
    emit(json, SetupJson.of(outcome), ())
    raise typer.Exit(outcome.exit_code)
