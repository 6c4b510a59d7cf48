"""This host's own engine as a client of the Docker registry on it: host name, trust and login.

Three things of the host are changed, and `undo` removes them: a line of /etc/hosts if nothing else resolves the name,
the CA in /etc/docker/certs.d (https://docs.docker.com/engine/security/certificates/), and the login in the
configuration of the user who runs this (docker login).
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path

from installer.services.registry_docker import registry
from runtime.base import command, files
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.certificates.store.private_ca import ROOT
from runtime.config.sections import InternalTls
from runtime.config.settings import Settings
from runtime.context.cluster import Cluster

CA_FILE = "ca.crt"
LOGIN_TIMEOUT_SECONDS = 60.0
NOT_REACHED = "The internal side is off, so the Docker registry cannot be reached. Switch it on: internal.address"
# Go's resolver, and so the engine, reads /etc/hosts every 5 seconds (net/hosts.go, cacheMaxAge).
HOSTS_ARE_READ_SECONDS = 6.0


@dataclass(frozen=True)
class HostFiles:
    """The files of the host that are changed."""

    hosts: Path = Path("/etc/hosts")
    certificates: Path = Path("/etc/docker/certs.d")


HOST_FILES = HostFiles()


@dataclass(frozen=True)
class RegistryLogin:
    """The settings that the engine lacks for a login to the registry at `address`.

    `line` is for the hosts file, `root` the certificate of the CA to trust; each is empty if it is present or not
    needed. `note` says what the user must do first; until then nothing is changed.
    """

    address: str
    line: str = ""
    root: bytes = b""
    note: str = ""
    places: HostFiles = HOST_FILES

    @property
    def trust(self) -> Path:
        """Return the file that the engine reads the CA of this registry from."""
        return self.places.certificates / self.address / CA_FILE

    @property
    def done(self) -> tuple[str, ...]:
        """Return what is added, in words."""
        named = (f"{self.line} in {self.places.hosts}",) if self.line else ()
        return (*named, f"your CA in {self.trust}") if self.root else named


def plan_login(cluster: Cluster, places: HostFiles = HOST_FILES) -> RegistryLogin:
    """Return what `ensure` would add before it logs in."""
    paths, settings = cluster.paths, cluster.settings
    where = registry.address(paths, settings)
    if settings.internal is None:
        return RegistryLogin(where, note=NOT_REACHED, places=places)
    if settings.internal_tls is InternalTls.NONE and not _is_insecure(cluster, where):
        return RegistryLogin(where, note=registry.insecure_advice(where, here=True), places=places)
    found = RegistryLogin(where, _missing_line(cluster, places), places=places)
    root = _root(paths) if settings.internal_tls is InternalTls.PRIVATE_CA else b""
    there = found.trust.read_bytes() if found.trust.exists() else b""
    return found if root == there else replace(found, root=root)


def ensure(cluster: Cluster, places: HostFiles = HOST_FILES) -> RegistryLogin:
    """Make this host's engine resolve the registry's name, trust it and log in.

    Return what was added, or what the user must do first. Raises ShoestringError.
    """
    planned = plan_login(cluster, places)
    if planned.note:
        return planned
    if planned.line:
        _edit_hosts(places.hosts, cluster.settings.instance, planned.line)
    if planned.root:
        files.make_directory(planned.trust.parent)
        files.write(planned.trust, planned.root)
    patience = HOSTS_ARE_READ_SECONDS if planned.line else 0.0
    _log_in(planned.address, registry.password(cluster.paths), patience)
    cluster.client.api.reload_config()
    return planned


def ensure_or_explain(cluster: Cluster) -> str:
    """Do as `ensure`. Return what prevents the login, or an empty string: everything else runs without it."""
    try:
        return ensure(cluster).note
    except ShoestringError as error:
        return str(error)


def before_pull(cluster: Cluster, image: str) -> None:
    """Log the engine in if an image (its reference) is in this host's own registry.

    A failure is not reported here: the pull reports it.
    """
    if image.split("/")[0] == registry.address(cluster.paths, cluster.settings):
        with contextlib.suppress(ShoestringError):
            ensure(cluster)


def undo(paths: Paths, settings: Settings, places: HostFiles = HOST_FILES) -> None:
    """Undo `ensure`, also for a host name that the application file had before. Raises ShoestringError."""
    _edit_hosts(places.hosts, settings.instance, "")
    known = {registry.address(paths, settings), *_distrust(paths, places)}
    for where in known if command.exists("docker") else ():
        command.run(("docker", "logout", where))


def _is_insecure(cluster: Cluster, where: str) -> bool:
    """Return whether the engine accepts the registry without HTTPS: it is configured, or it is on loopback."""
    if cluster.internal_address.is_loopback:
        return True
    known = cluster.client.info().get("RegistryConfig", {}).get("IndexConfigs", {})
    return where in known and not known[where].get("Secure", True)


def _missing_line(cluster: Cluster, places: HostFiles) -> str:
    """Return the line that resolves the host name to the internal proxy; empty if it does already."""
    name, planned = registry.host_name(cluster.paths, cluster.settings), cluster.internal_address.address
    own = _own_line(places.hosts, cluster.settings.instance)
    line = f"{planned} {name}"
    return "" if not planned or own == line or (not own and planned in _addresses(name)) else line


def _addresses(name: str) -> set[str]:
    try:
        return {str(each[4][0]) for each in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def _mark(instance: str) -> str:
    return f"  # shoestring registry of {instance}"


def _own_line(file: Path, instance: str) -> str:
    mark = _mark(instance)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return next((line.removesuffix(mark) for line in lines if line.endswith(mark)), "")


def _edit_hosts(file: Path, instance: str, line: str) -> None:
    """Set or remove our line in the file. All other lines stay."""
    mark = _mark(instance)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    kept = "".join(each for each in text.splitlines(keepends=True) if not each.rstrip("\n").endswith(mark))
    ours = f"{'' if kept.endswith(chr(10)) or not kept else chr(10)}{line}{mark}\n" if line else ""
    if kept + ours != text:
        files.write(file, kept + ours, file.stat().st_mode & 0o7777 if file.exists() else 0o644)


def _root(paths: Paths) -> bytes:
    file = paths.private_ca / ROOT
    return file.read_bytes() if file.exists() else b""


def _distrust(paths: Paths, places: HostFiles) -> tuple[str, ...]:
    """Remove our CA from all registries that the engine trusts it for. Return their names."""
    root = _root(paths)
    trusted = [each for each in places.certificates.glob(f"*/{CA_FILE}") if root and each.read_bytes() == root]
    for file in trusted:
        files.remove(file)
        if not any(file.parent.iterdir()):
            files.remove_tree(file.parent)
    return tuple(file.parent.name for file in trusted)


def _log_in(where: str, password: str, patience: float) -> None:
    """Log in with Docker's own client, which knows where logins are stored. Raises ShoestringError."""
    argv = ("docker", "login", "--username", registry.USER, "--password-stdin", where)
    deadline = time.monotonic() + patience
    while True:
        result = command.run(argv, stdin=password, secrets=(password,), timeout=LOGIN_TIMEOUT_SECONDS)
        if result.ok:
            return
        if time.monotonic() >= deadline:
            raise ShoestringError(
                f"Docker on this host cannot log in to its own registry at {where}: {result.tail(1)} "
                "Try again: shoestring registry login"
            )
        time.sleep(0.5)
