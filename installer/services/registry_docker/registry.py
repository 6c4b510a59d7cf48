"""The Docker registry: its address and its users."""

from __future__ import annotations

import json

from installer.services import catalogue
from installer.services.htpasswd import HtpasswdFile
from installer.services.user_store import UserStore
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, Side
from runtime.config import application_files, secrets
from runtime.config.applications import Application
from runtime.config.sections import InternalTls
from runtime.config.settings import Settings
from runtime.context.cluster import Cluster

NAME = "registry-docker"
# The user that this host's own engine logs in as, and its password's name in conf/secrets.yaml.
USER, PASSWORD = "admin", "DOCKER_REGISTRY_PASSWORD"
# As in the application file, which mounts both folders below data/.
GROUP = 5000
STORE, USERS = "docker-registry", "docker-registry-users"


def users(paths: Paths) -> HtpasswdFile:
    """Return the file of the users that may push and pull."""
    return HtpasswdFile(paths.data / USERS / "htpasswd", GROUP)


def require(paths: Paths) -> None:
    """Raise UsageError if there is no Docker registry."""
    catalogue.require(paths, NAME, "Docker registry")


def user_store(cluster: Cluster) -> UserStore:
    """Return its users. Raises UsageError if there is no Docker registry."""
    require(cluster.paths)
    where = address(cluster.paths, cluster.settings)
    plain = cluster.settings.internal_tls is InternalTls.NONE
    trust = "For a machine that does not trust your CA yet: shoestring ssl ca"
    return UserStore(
        users(cluster.paths),
        cluster.run.lock,
        add_command="shoestring registry user add NAME",
        log_in=f"docker login {where} --username {{name}}",
        hint=insecure_advice(where, here=False) if plain else trust,
        host_user=USER,
        host_user_advice=f"{USER} is the user of this host itself. To change its password, edit {PASSWORD} in "
        f"conf/secrets.yaml, then: shoestring service add {NAME}",
    )


def insecure_advice(where: str, *, here: bool) -> str:
    """Return what Docker needs on a machine for a registry without HTTPS: on this host, or on others."""
    key = json.dumps({"insecure-registries": [where]})
    who = "Docker on this host" if here else "each machine's Docker"
    return (
        f"Without HTTPS, {who} accepts the registry only with this in /etc/docker/daemon.json: {key}  "
        "Then: systemctl reload docker" + (", and: shoestring registry login" if here else "")
    )


def host_name(paths: Paths, settings: Settings) -> str:
    """Return the registry's host name: the first of its application file, which the user may have changed."""
    file = catalogue.application_file(paths, NAME)
    found = application_files.load(file, Side.INTERNAL) if file.exists() else None
    if isinstance(found, Application):
        for backend in found.backends:
            return backend.host_names[0]
    return f"docker.{settings.internal_domain}"


def address(paths: Paths, settings: Settings) -> str:
    """Return what names of its images begin with: the host name, and the port unless it is the usual one."""
    return settings.endpoint_of(Side.INTERNAL).authority(host_name(paths, settings))


def password(paths: Paths) -> str:
    """Return the password of this host's user. Raises ShoestringError if it is not in conf/secrets.yaml."""
    found = secrets.load(paths.secrets).get(PASSWORD, "")
    if not found:
        raise ShoestringError(f"{PASSWORD} is not in {paths.secrets}. Generate it: shoestring service add {NAME}")
    return found
