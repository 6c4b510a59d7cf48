"""What the commands that work on a cluster share: opening it, showing what is done, and how they end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from runtime.base.errors import ExitCode

if TYPE_CHECKING:
    from runtime.context.change import Listener
    from runtime.context.cluster import Cluster
    from runtime.context.results import Report


def opened(data_directory: Path | None) -> Cluster:
    """The cluster of a data directory. Raises SettingsError, or ShoestringError without an engine."""
    from runtime.base.paths import find
    from runtime.context.cluster import open_cluster

    return open_cluster(find(data_directory))


def listener(json: bool) -> Listener:
    """Shows each change as it is made; a script gets the answer alone."""
    from installer.terminal.progress import ChangeLines, Lines
    from runtime.context.change import SILENT

    return SILENT if json else ChangeLines(Lines())


def finish(report: Report, done: str, json: bool) -> NoReturn:
    """Print how it ended, and end with the exit code of that. `done` is what is said where nothing was to do."""
    from runtime.output.report import report_json, report_lines, say

    if json:
        print(report_json(report))
    else:
        say(report_lines(report, done))
    raise typer.Exit(ExitCode.DONE if report.ok else ExitCode.FAILED)
