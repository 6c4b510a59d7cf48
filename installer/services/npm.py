"""The npm registry: where it is, and who may publish."""

from __future__ import annotations

from installer.services import catalogue, status
from installer.services.htpasswd import Users
from runtime.errors import ShoestringError, UsageError
from runtime.observed import observe
from runtime.operations import Cluster
from runtime.paths import Paths
from runtime.settings import Settings

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


def require(paths: Paths) -> None:
    """Raise UsageError where there is no npm registry."""
    if not catalogue.is_there(paths, NAME):
        raise UsageError(f"There is no npm registry here. Add it: shoestring service add {NAME}")


def prepare(paths: Paths, settings: Settings) -> None:
    """Have a file of users; those in it stay."""
    del settings
    users(paths).ensure()


def forget_user(cluster: Cluster) -> None:
    """Have Verdaccio read its users anew: it takes new ones from the file, and forgets none until it starts again.

    Raises ShoestringError.
    """
    from docker.errors import APIError

    for container in observe(cluster.client, cluster.settings.instance).of(NAME):
        try:
            cluster.client.api.restart(container.id, timeout=10)
        except APIError as error:
            raise ShoestringError(
                f"The user is out of the file; the npm registry knows them until it starts again. Docker says: "
                f"{error.explanation}. Do it with: docker restart {container.name}"
            ) from error
