"""What Telegraf leaves on the host outside the data directory."""

from __future__ import annotations

from runtime.base import files
from runtime.base.paths import Paths, RunPaths
from runtime.config.settings import Settings
from runtime.metrics import export


def forget(paths: Paths, settings: Settings) -> None:
    """Remove the directory by which the watchdog knows that Telegraf is there. Raises ShoestringError."""
    files.remove_tree(RunPaths(settings.instance).directory / export.DIRECTORY)
