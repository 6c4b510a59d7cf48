"""What Telegraf leaves on the host outside the data directory."""

from __future__ import annotations

from runtime import files, measure
from runtime.paths import Paths, RunPaths
from runtime.settings import Settings


def forget(paths: Paths, settings: Settings) -> None:
    """Remove the directory by which the watchdog knows that Telegraf is there. Raises ShoestringError."""
    files.remove_tree(RunPaths(settings.instance).directory / measure.DIRECTORY)
