"""The cluster that a command works on: one data directory and the engine that it runs on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.base.paths import Paths, RunPaths
from runtime.config import internal_address, settings
from runtime.config.internal_address import InternalAddress
from runtime.config.settings import Settings
from runtime.docker import engine

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Cluster:
    """One data directory and the engine that it runs on.

    `internal_address` is as observed when the settings were read. `clock` gives seconds since the epoch.
    """

    paths: Paths
    settings: Settings
    run: RunPaths
    client: DockerClient
    internal_address: InternalAddress = InternalAddress()
    clock: Callable[[], float] = time.time


def open_cluster(paths: Paths) -> Cluster:
    """Read the settings and connect to the engine.

    Raises SettingsError for settings that are invalid, and ShoestringError without an engine.
    """
    loaded = settings.load(paths.settings)
    return Cluster(paths, loaded, RunPaths(loaded.instance), engine.connect(), internal_address.observe(loaded))
