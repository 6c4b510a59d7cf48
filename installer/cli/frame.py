"""The frame of every command: options become an operation, whose result `emit` prints as lines or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from runtime.base.errors import ExitCode

if TYPE_CHECKING:
    from runtime.base.paths import Paths
    from runtime.config.settings import Settings
    from runtime.context.change import Listener
    from runtime.context.cluster import Cluster
    from runtime.context.results import Report


def located(data_directory: Path | None) -> tuple[Paths, Settings]:
    """Return the paths and settings of a data directory, without an engine. Raises UsageError or SettingsError."""
    from runtime.base.paths import find
    from runtime.config import settings

    paths = find(data_directory)
    return paths, settings.load(paths.settings)


def opened(data_directory: Path | None) -> Cluster:
    """Return the cluster of a data directory. Raises SettingsError, or ShoestringError without an engine."""
    from runtime.base.paths import find
    from runtime.context.cluster import open_cluster

    return open_cluster(find(data_directory))


def listener(json: bool) -> Listener:
    """Return what shows each change as it is made; with `json`, nothing but the answer is printed."""
    from installer.terminal.progress import ChangeLines, ProgressLines
    from runtime.context.change import SILENT

    return SILENT if json else ChangeLines(ProgressLines())


def finish(report: Report, done: str, json: bool) -> NoReturn:
    """Print a report and end with its exit code. `done` is printed where there was nothing to do."""
    from runtime.output.encoder import emit
    from runtime.output.json_results import ReportJson
    from runtime.output.report import report_lines

    emit(json, ReportJson.of(report), report_lines(report, done))
    raise typer.Exit(ExitCode.DONE if report.ok else ExitCode.FAILED)
