"""What single services need besides files, secrets and folders. Each step may be done again at any time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime.base.paths import Paths
from runtime.config.settings import Settings
from runtime.reconcile.operations import Cluster


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Steps:
    """The steps of one service.

    `prepare` makes files that follow from its secrets, before it is there (the data directory may still be built
    beside its place). `ready` does in the running service what its image does not do at its first start; it may
    return a sentence for the person. `forget` takes away what it left on the host outside the data directory, when
    the application file is gone. Each raises ShoestringError.
    """

    prepare: Callable[[Paths, Settings], None] = _nothing
    ready: Callable[[Cluster], str | None] = _nothing
    forget: Callable[[Paths, Settings], None] = _nothing


def of(name: str) -> Steps:
    """The steps of a service; a service without any has empty ones."""
    # A service's module is imported when it is wanted: `case "influxdb": from installer.metrics import influxdb`.
    match name:
        case "postgres":
            from installer.services.postgres import service as postgres

            return Steps(prepare=postgres.prepare, ready=postgres.ready)
        case "registry-docker":
            from installer.services.registry_docker import login, registry

            return Steps(registry.prepare, login.ready, login.forget)
        case "registry-npm":
            from installer.services.registry_npm import service as npm

            return Steps(npm.prepare)
        case "telegraf":
            from installer.services.telegraf import service as telegraf

            return Steps(forget=telegraf.forget)
        case _:
            return Steps()
