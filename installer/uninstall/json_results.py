"""The JSON answer of `shoestring uninstall`. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from installer.uninstall.run import UninstallPlan


@dataclass(frozen=True)
class UninstallChange:
    """A change of the containers and networks of an instance."""

    kind: Annotated[str, "`remove` or `remove-network`"]
    name: str


@dataclass(frozen=True)
class UninstallJson:
    """The result of `uninstall`: the plan, also when it was carried out."""

    units: Annotated[tuple[str, ...], "names of unit files"]
    changes: Annotated[tuple[UninstallChange, ...], "containers and networks"]
    tasks: Annotated[tuple[str, ...], "ids of containers that a killed command left"]
    images: tuple[str, ...]
    volumes: Annotated[tuple[str, ...], "volumes of Docker, with --purge"]
    vpn: Annotated[str, "network interfaces, separated by commas"]
    firewall: Annotated[bool, "the rules of the firewall"]
    swap: Annotated[bool, "the swap that Shoestring added"]
    daemon: Annotated[str, "what happens to the settings of Docker, or empty"]
    record: Annotated[bool, "it is the default data directory of the host"]
    directory: Annotated[Path, "the data directory"]
    purge: Annotated[bool, "the data directory is deleted"]
    others: Annotated[tuple[str, ...], "other instances on this host"]
    cron: Annotated[tuple[Path, ...], "crontabs that would start it again; then nothing is removed"]
    services: Annotated[tuple[str, ...], "services with files outside the data directory"]

    @classmethod
    def of(cls, planned: UninstallPlan) -> UninstallJson:
        """Return the result of `uninstall`."""
        return cls(
            units=planned.units,
            changes=tuple(UninstallChange(change.kind, change.name) for change in planned.changes),
            tasks=planned.tasks,
            images=planned.images,
            volumes=planned.volumes,
            vpn=", ".join(planned.vpn),
            firewall=planned.firewall,
            swap=planned.swap,
            daemon=planned.daemon,
            record=planned.is_default,
            directory=planned.directory,
            purge=planned.purge,
            others=planned.others,
            cron=planned.cron,
            services=planned.services,
        )
