"""What single services need besides files, secrets and folders. Each step may be done again at any time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime.operations import Cluster
from runtime.paths import Paths
from runtime.settings import Settings


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
    # A service's module is imported when it is wanted: `case "influxdb": from installer.services import influxdb`.
    match name:
        case "postgres":
            from installer.services.postgres import steps as postgres

            return Steps(prepare=postgres.prepare, ready=postgres.ready)
        case "registry-docker":
            from installer.services import registry, registry_login

            return Steps(registry.prepare, registry_login.ready, registry_login.forget)
        case "registry-npm":
            from installer.services import npm

            return Steps(npm.prepare)
        case "telegraf":
            from installer.services import telegraf

            return Steps(forget=telegraf.forget)
        case _:
            return Steps()
