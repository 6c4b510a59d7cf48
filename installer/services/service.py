"""An internal service: its description, and the steps that it needs beyond files, secrets and folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from installer.services.description import ServiceDescription
from runtime.base.paths import Paths
from runtime.config.settings import Settings

if TYPE_CHECKING:
    from runtime.context.cluster import Cluster


@dataclass(frozen=True, kw_only=True)
class Service(ServiceDescription):
    """One internal service. Its name is that of its application file, `folder` the one of its templates.

    A service that needs a step of its own has a subclass, `SERVICE` of installer/services/NAME/service.py (with _ for
    each - of the name). Each step may be run again at any time, and raises ShoestringError if it fails.
    """

    name: str
    folder: Path
    # Whether it leaves something on the host outside the data directory: what `remove_traces` removes.
    has_traces: ClassVar[bool] = False

    def prepare(self, paths: Paths, settings: Settings) -> None:
        """Write files that are derived from its secrets, before its application file exists.

        A first setup does this in a data directory that is not yet at its final path.
        """

    def ready(self, cluster: Cluster) -> str:
        """Do in the running service what its image does not do at its first start.

        Return a sentence for the user, or an empty string.
        """
        return ""

    def before_pull(self, cluster: Cluster, image: str) -> None:
        """Prepare the host's engine for the pull of an image (its reference), if the service has to do with it."""

    def remove_traces(self, paths: Paths, settings: Settings) -> None:
        """Remove what it left on the host outside the data directory, once its application file is removed."""
