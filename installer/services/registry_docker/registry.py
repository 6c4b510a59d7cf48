"""The Docker registry: where it is, and who may use it."""

from __future__ import annotations

import json

from installer.services import catalogue
from installer.services.htpasswd import Users
from installer.services.user_store import Door
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, Side
from runtime.config import application_files, secrets
from runtime.config.applications import Application
from runtime.config.sections import InternalTls
from runtime.config.settings import Settings
from runtime.context.cluster import Cluster

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
    """Raise UsageError if there is no Docker registry."""
    catalogue.require(paths, NAME, "Docker registry")


def door(cluster: Cluster) -> Door:
    """What the commands of its users need. Raises UsageError where there is no Docker registry."""
    require(cluster.paths)
    where = address(cluster.paths, cluster.settings)
    plain = cluster.settings.internal_tls is InternalTls.NONE
    trust = "On a machine that does not trust your CA yet: shoestring ssl ca"
    return Door(
        users(cluster.paths),
        cluster.run.lock,
        command="shoestring registry user add NAME",
        log_in=f"docker login {where} --username {{name}}",
        more=insecure(where, here=False) if plain else trust,
        own=USER,
        refusal=f"{USER} is the user of this host itself. For another password change {PASSWORD} in "
        f"conf/secrets.yaml, then: shoestring service add {NAME}",
    )


def insecure(where: str, *, here: bool) -> str:
    """What Docker needs on a machine for a registry without HTTPS: on this host, or on others."""
    key = json.dumps({"insecure-registries": [where]})
    who = "Docker on this host" if here else "each machine's Docker"
    return (
        f"Without HTTPS {who} takes the registry only with this in /etc/docker/daemon.json: {key}  "
        "Then: systemctl reload docker" + (", and: shoestring registry login" if here else "")
    )


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
