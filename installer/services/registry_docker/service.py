"""The Docker registry as a service: its first user, and this host's own engine as its client."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from installer.services.htpasswd import hashed
from installer.services.registry_docker import login, registry
from installer.services.service import Service
from runtime.base.paths import Paths
from runtime.config.settings import Settings

if TYPE_CHECKING:
    from runtime.context.cluster import Cluster


class DockerRegistry(Service):
    """The Docker registry."""

    has_traces: ClassVar[bool] = True

    def prepare(self, paths: Paths, settings: Settings) -> None:
        """Create the user of this host with the password of conf/secrets.yaml. Other users stay."""
        users, password = registry.users(paths), registry.password(paths)
        if not users.knows(registry.USER, password):
            users.put(registry.USER, hashed(password))
        users.ensure()

    def ready(self, cluster: Cluster) -> str:
        """Log this host's engine in. Return why that is not possible, or an empty string."""
        return login.ensure_or_explain(cluster)

    def before_pull(self, cluster: Cluster, image: str) -> None:
        """Log this host's engine in if the image is from the registry."""
        login.before_pull(cluster, image)

    def remove_traces(self, paths: Paths, settings: Settings) -> None:
        """Remove the host name, the trusted CA and the login from this host."""
        login.undo(paths, settings)


SERVICE = DockerRegistry
