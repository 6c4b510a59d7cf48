"""`shoestring timers`: the units that start Shoestring at boot, each minute, and for renewals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from installer.cli.frame import located
from installer.cli.options import DataDirectory, DryRun, Json, Yes
from runtime.base.errors import ExitCode
from runtime.output.encoder import emit

if TYPE_CHECKING:
    from runtime.config.settings import Settings

app = typer.Typer(help="Timers for the start at boot, the watchdog and renewals.", no_args_is_help=True)

NO_SYSTEMD = "systemd does not run on this host. The same with cron, as a file /etc/cron.d/shoestring:"


@app.command()
def status(data_directory: DataDirectory = None, json: Json = False) -> None:
    """List the timers with their next and last run."""
    import time

    from installer.host import systemd, timers
    from installer.host.json_results import TimersJson
    from installer.host.report import timers_lines

    paths, settings = located(data_directory)
    root = paths.root
    if not systemd.is_running():
        _without_systemd(settings, root, json)
        return
    jobs = timers.observe(settings, root)
    emit(json, TimersJson(True, jobs), timers_lines(jobs, time.time()))


@app.command()
def install(
    data_directory: DataDirectory = None, yes: Yes = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Install and enable the systemd units."""
    from installer.host import systemd, timers
    from installer.host.json_results import TimersJson
    from installer.host.report import install_lines
    from installer.terminal.confirm import confirmed
    from runtime.base.paths import RunPaths

    paths, settings = located(data_directory)
    root = paths.root
    if not systemd.is_running():
        _without_systemd(settings, root, json)
        raise typer.Exit(ExitCode.FAILED)
    jobs = timers.observe(settings, root)
    if all(job.is_on for job in jobs):
        emit(json, TimersJson(True, jobs), ("  Nothing to do: the timers are on.",))
        return
    if not json:
        print("\n".join(install_lines(jobs)))
    if dry_run:
        emit(json, TimersJson(True, jobs), ())
        return
    if not confirmed("Write these units and switch them on?", yes=yes, json=json):
        return
    timers.install(settings, root, stopped=RunPaths(settings.instance).stopped.exists())
    emit(json, TimersJson(True, timers.observe(settings, root)), ("  The timers are on.",))


@app.command()
def remove(
    data_directory: DataDirectory = None, yes: Yes = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Disable and remove the systemd units. Containers keep running."""
    from installer.host import timers
    from installer.host.json_results import TimersRemovalJson
    from installer.terminal.confirm import confirmed

    _, settings = located(data_directory)
    present = timers.written(settings.instance)
    if not json:
        print("\n".join(f"  - {name}" for name in present) or "  Nothing to do: there are no timers.")
    if present and not dry_run and confirmed("Remove these units?", yes=yes, json=json):
        timers.remove(settings.instance)
    emit(json, TimersRemovalJson(present, dry_run), ())


def _without_systemd(settings: Settings, root: Path, json: bool) -> None:
    from installer.host import timers
    from installer.host.json_results import TimersJson

    lines = (f"  {NO_SYSTEMD}", "", *timers.cron_lines(root, settings.domain))
    emit(json, TimersJson(False, ()), lines)
