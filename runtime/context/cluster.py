"""The cluster that a command works on: one data directory and the engine that it runs on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.base.paths import Paths, RunPaths
from runtime.config import settings
from runtime.config.settings import Settings
from runtime.docker import engine
from runtime.network import interfaces

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Cluster:
    """One data directory and the engine that it runs on.

    `follows` is the interface whose address `internal.address` is; empty if it names an address. `clock` gives
    seconds since the epoch.
    """

    paths: Paths
    settings: Settings
    run: RunPaths
    client: DockerClient
    follows: str = ""
    clock: Callable[[], float] = time.time


def open_cluster(paths: Paths) -> Cluster:
    """Read the settings and connect to the engine.

    Raises SettingsError for settings that are invalid, and ShoestringError without an engine.
    """
    loaded, follows = interfaces.resolved(settings.load(paths.settings))
    return Cluster(paths, loaded, RunPaths(loaded.instance), engine.connect(), follows)
