"""The Docker registry: where it is, and who may use it."""

from __future__ import annotations

from installer.services import catalogue
from installer.services.htpasswd import Users, hashed
from runtime import application_files, secrets
from runtime.applications import Application
from runtime.errors import ShoestringError, UsageError
from runtime.paths import Paths, Side
from runtime.sections import InternalTls
from runtime.settings import Settings

NAME = "registry-docker"
# The user that setup makes, and its password's name in conf/secrets.yaml. This host's own engine logs in as it.
USER, PASSWORD = "admin", "DOCKER_REGISTRY_PASSWORD"
# As in the application file, which mounts both folders below data/.
GROUP = 5000
STORE, USERS = "docker-registry", "docker-registry-users"
_HTTP, _HTTPS = 80, 443


def users(paths: Paths) -> Users:
    """Who may push and pull."""
    return Users(paths.data / USERS / "htpasswd", GROUP)


def require(paths: Paths) -> None:
    """Raise UsageError where there is no Docker registry."""
    if not catalogue.is_there(paths, NAME):
        raise UsageError(f"There is no Docker registry here. Add it: shoestring service add {NAME}")


def host_name(paths: Paths, settings: Settings) -> str:
    """The registry's host name: the first of its application file, which a person may have changed."""
    file = catalogue.application_file(paths, NAME)
    found = application_files.load(file, Side.INTERNAL) if file.exists() else None
    if isinstance(found, Application):
        for backend in found.backends:
            return backend.host_names[0]
    return f"docker.{settings.internal_domain}"


def address(paths: Paths, settings: Settings) -> str:
    """What names of its images begin with: the host name, and the port where it is not the usual one."""
    name, internal = host_name(paths, settings), settings.internal
    if internal is None:
        return name
    plain = internal.tls is InternalTls.NONE
    port, usual = (internal.http_port, _HTTP) if plain else (internal.https_port, _HTTPS)
    return name if port == usual else f"{name}:{port}"


def password(paths: Paths) -> str:
    """The password of the user that setup made. Raises ShoestringError if it is not in conf/secrets.yaml."""
    found = secrets.load(paths.secrets).get(PASSWORD, "")
    if not found:
        raise ShoestringError(f"{PASSWORD} is not in {paths.secrets}. Make it: shoestring service add {NAME}")
    return found


def prepare(paths: Paths, settings: Settings) -> None:
    """Have the user that setup makes, with the password of conf/secrets.yaml. Other users stay."""
    del settings
    known, wanted = users(paths), password(paths)
    if not known.knows(USER, wanted):
        known.put(USER, hashed(wanted))
    known.ensure()
