"""The npm registry: its address and its users."""

from __future__ import annotations

from datetime import datetime

from installer.services import catalogue, status
from installer.services.htpasswd import HtpasswdFile
from installer.services.service import Service
from installer.services.user_store import UserStore
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, Side
from runtime.config.settings import Settings
from runtime.context.cluster import Cluster
from runtime.docker.observed import observe

NAME = "registry-npm"
# As in the application file, which mounts the folder below data/.
GROUP = 65533
USERS = "verdaccio-users"


def users(paths: Paths) -> HtpasswdFile:
    """Return the file of the users who may publish."""
    return HtpasswdFile(paths.data / USERS / "htpasswd", GROUP)


def url(paths: Paths, settings: Settings) -> str:
    """Return the URL that npm is given as its registry."""
    found = status.addresses_of(paths, settings, NAME)
    return f"{found[0] if found else settings.url_of(Side.INTERNAL, f'npm.{settings.internal_domain}')}/"


def user_store(cluster: Cluster) -> UserStore:
    """Return its users. Raises UsageError if there is no npm registry."""
    catalogue.require(cluster.paths, NAME, "npm registry")
    return UserStore(
        users(cluster.paths),
        cluster.run.lock,
        add_command="shoestring npm user add NAME",
        log_in=f"npm login --auth-type=legacy --registry {url(cluster.paths, cluster.settings)}",
        revoke=lambda removed: restart(cluster, always=removed),
    )


def restart(cluster: Cluster, *, always: bool) -> None:
    """Restart Verdaccio: it reads new users from the file while it runs, but drops removed ones only at a start.

    Without `always` only if it was started before the file was changed. Raises ShoestringError.
    """
    from docker.errors import APIError

    file = users(cluster.paths).file
    changed = file.stat().st_mtime if file.exists() else 0.0
    for container in observe(cluster.client, cluster.settings.instance).of(NAME):
        started = cluster.client.api.inspect_container(container.id)["State"]["StartedAt"]
        # Seconds are enough, and what Python reads of the engine's nanoseconds.
        if not always and datetime.fromisoformat(f"{started[:19]}Z").timestamp() > changed:
            continue
        try:
            cluster.client.api.restart(container.id, timeout=10)
        except APIError as error:
            raise ShoestringError(
                f"User removed, but the registry still accepts the old login until it restarts. Docker reports: "
                f"{error.explanation}. Restart it: docker restart {container.name}"
            ) from error


class NpmRegistry(Service):
    """The npm registry."""

    def prepare(self, paths: Paths, settings: Settings) -> None:
        """Create the file of users; users in it stay."""
        users(paths).ensure()


SERVICE = NpmRegistry
