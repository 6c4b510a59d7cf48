"""The npm registry: where it is, and who may publish."""

from __future__ import annotations

from datetime import datetime

from installer.services import catalogue, status
from installer.services.htpasswd import Users
from installer.services.service import Service
from installer.services.user_store import Door
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.config.settings import Settings
from runtime.context.cluster import Cluster
from runtime.docker.observed import observe

NAME = "registry-npm"
# As in the application file, which mounts the folder below data/.
GROUP = 65533
USERS = "verdaccio-users"


def users(paths: Paths) -> Users:
    """Who may publish."""
    return Users(paths.data / USERS / "htpasswd", GROUP)


def url(paths: Paths, settings: Settings) -> str:
    """What npm is given as its registry."""
    found = status.addresses_of(paths, settings, NAME)
    return f"{found[0]}/" if found else f"https://npm.{settings.internal_domain}/"


def door(cluster: Cluster) -> Door:
    """What the commands of its users need. Raises UsageError where there is no npm registry."""
    catalogue.require(cluster.paths, NAME, "npm registry")
    return Door(
        users(cluster.paths),
        cluster.run.lock,
        command="shoestring npm user add NAME",
        log_in=f"npm login --auth-type=legacy --registry {url(cluster.paths, cluster.settings)}",
        forget=lambda gone: forget_users(cluster, always=gone),
    )


def forget_users(cluster: Cluster, *, always: bool) -> None:
    """Have Verdaccio read its users anew: it takes new ones from the file, and forgets none until it starts again.

    Not `always`: only one that was started before the file was changed. Raises ShoestringError.
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
                f"The user is out of the file; the npm registry knows them until it starts again. Docker says: "
                f"{error.explanation}. Do it with: docker restart {container.name}"
            ) from error


class NpmRegistry(Service):
    """The npm registry."""

    def prepare(self, paths: Paths, settings: Settings) -> None:
        """Create the file of users; users in it stay."""
        users(paths).ensure()


SERVICE = NpmRegistry
