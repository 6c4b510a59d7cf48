"""Telegraf: what it leaves on the host outside the data directory."""

from __future__ import annotations

from typing import ClassVar

from installer.services.service import Service
from runtime.base import files
from runtime.base.paths import Paths, RunPaths
from runtime.config.settings import Settings
from runtime.metrics import export


class Telegraf(Service):
    """Telegraf. Its containers have the engine create a directory by which the watchdog knows that it is there."""

    has_traces: ClassVar[bool] = True

    def remove_traces(self, paths: Paths, settings: Settings) -> None:
        """Remove that directory and the last metrics, so that the watchdog exports no metrics any more."""
        run = RunPaths(settings.instance).directory
        files.remove_tree(run / export.DIRECTORY)
        files.remove(run / export.FACTS)


SERVICE = Telegraf
