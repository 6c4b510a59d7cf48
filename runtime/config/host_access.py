"""What an application file gives its containers of the host: root there, or files of others. Pure.

It reads the file as written; what `extends` and `include` add is not seen, and links are not followed.
Sources: the Compose specification, "Services"; capabilities(7); the Docker documentation, "Docker security".
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from runtime.base.paths import Paths, Side
from runtime.config.applications import Application
from runtime.config.interpolation import InterpolationError, interpolate

# With one of these, a process leaves its container or controls the kernel.
_CAPABILITIES = frozenset(
    (
        *("ALL", "BPF", "DAC_READ_SEARCH", "MAC_ADMIN", "MAC_OVERRIDE", "NET_ADMIN", "PERFMON"),
        *("SYS_ADMIN", "SYS_BOOT", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_TIME"),
    )
)
_NAMESPACES = ("network_mode", "pid", "ipc", "userns_mode", "uts", "cgroup")
_UNCONFINED = ("seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined", "label=disable")
_SOCKETS = tuple(
    Path(directory, name)
    for directory in ("/run", "/var/run")
    for name in ("docker.sock", "containerd/containerd.sock", "podman/podman.sock")
)
# Many images ask for them, and they say nothing but the time zone.
_HARMLESS = (Path("/etc/localtime"), Path("/etc/timezone"))
_SHOWN = 3


class Access(StrEnum):
    """The kinds of access to the host; the value is the stable name, `about` what a user reads."""

    about: str

    def __new__(cls, value: str, about: str) -> Access:
        """Return a member with its value and its meaning."""
        member = str.__new__(cls, value)
        member._value_, member.about = value, about
        return member

    PRIVILEGED = "privileged", "privileged"
    NAMESPACE = "host-namespace", "namespaces of the host"
    ENGINE_SOCKET = "engine-socket", "the socket of the engine"
    DEVICE = "device", "devices"
    CAPABILITY = "capability", "capabilities"
    UNCONFINED = "unconfined", "no confinement"
    INSTANCE_FILES = "instance-files", "files of this instance"
    OTHER_DATA = "other-data", "data of other applications"
    HOST_PATH = "host-path", "paths of the host"


@dataclass(frozen=True)
class Grant:
    """One access that a service of an application has: its kind, and the value in the file that gives it."""

    access: Access
    service: str
    detail: str


@dataclass(frozen=True)
class _Mount:
    """A directory or file of the host in a container."""

    source: Path
    read_only: bool


def grants(
    application: Application, paths: Paths, variables: Mapping[str, str], names: Collection[str]
) -> tuple[Grant, ...]:
    """Return what a file gives its containers of the host, in the order of its services.

    `names` are those of all applications. A part of a form that Compose refuses gives nothing.
    """
    found: list[Grant] = []
    value = _filled(application.compose.value, variables)
    others = set(names) - {application.name}
    for name, service in _mapping(value.get("services")).items():
        if isinstance(service, dict):
            found += (Grant(access, str(name), detail) for access, detail in _of_service(service, value))
            for mount in _mounts(service, value, application.file.parent):
                access = _of_mount(mount, paths, others)
                found += [Grant(access, str(name), str(mount.source))] if access else []
    return tuple(dict.fromkeys(found))


def sentence(application: str, found: tuple[Grant, ...]) -> str:
    """Return one sentence with all that an application has, by its kinds."""
    kinds = dict.fromkeys(each.access for each in found)
    parts = (_part(kind, tuple(dict.fromkeys(e.detail for e in found if e.access is kind))) for kind in kinds)
    return f"{application} has access to this host: {'; '.join(parts)}."


def _part(kind: Access, details: tuple[str, ...]) -> str:
    if kind is Access.PRIVILEGED:
        return kind.about
    more = f" and {len(details) - _SHOWN} more" if len(details) > _SHOWN else ""
    return f"{kind.about} ({', '.join(details[:_SHOWN])}{more})"


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    """Return a part of the file with its variables replaced; a text that Compose refuses stays."""
    if isinstance(value, Mapping):
        return {key: _filled(child, variables) for key, child in value.items()}
    if isinstance(value, list):
        return [_filled(child, variables) for child in value]
    try:
        return interpolate(value, variables) if isinstance(value, str) else value
    except InterpolationError:
        return value


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _is_true(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes", "on", "t", "y")


def _of_service(service: Mapping[str, Any], file: Mapping[str, Any]) -> Iterator[tuple[Access, str]]:
    """Yield what a service has without mounts."""
    if _is_true(service.get("privileged")):
        yield Access.PRIVILEGED, "privileged"
    yield from ((Access.NAMESPACE, f"{key}: host") for key in _NAMESPACES if service.get(key) == "host")
    declared = _mapping(file.get("networks"))
    for network in service.get("networks") or ():
        if _mapping(declared.get(network)).get("name", network) == "host":
            yield Access.NAMESPACE, f"networks: {network}"
    if _is_true(service.get("use_api_socket")):
        yield Access.ENGINE_SOCKET, "use_api_socket"
    for device in service.get("devices") or ():
        yield Access.DEVICE, str(_mapping(device).get("source", device)).partition(":")[0]
    yield from ((Access.DEVICE, each) for each in _texts(service.get("device_cgroup_rules")))
    for capability in _texts(service.get("cap_add")):
        if capability.upper().removeprefix("CAP_") in _CAPABILITIES:
            yield Access.CAPABILITY, capability.upper().removeprefix("CAP_")
    for option in _texts(service.get("security_opt")):
        # Docker accepts a colon, too.
        if option.replace(":", "=", 1) in _UNCONFINED:
            yield Access.UNCONFINED, option


def _mounts(service: Mapping[str, Any], file: Mapping[str, Any], directory: Path) -> Iterator[_Mount]:
    """Yield what a service mounts of the host: binds, volumes that are binds, files of `configs` and `secrets`."""
    volumes = _mapping(file.get("volumes"))
    for item in service.get("volumes") or ():
        source, read_only = _source(item)
        options = _mapping(_mapping(volumes.get(source)).get("driver_opts"))
        if source.startswith(("/", ".", "~")):
            yield _Mount(_absolute(source, directory), read_only)
        elif "bind" in str(options.get("o", "")).split(","):
            yield _Mount(_absolute(str(options.get("device", "")), directory), read_only)
    for section in ("configs", "secrets"):
        declared = _mapping(file.get(section))
        for item in service.get(section) or ():
            name = _mapping(item).get("source") if isinstance(item, dict) else item
            named = _mapping(declared.get(name)).get("file")
            if named:
                yield _Mount(_absolute(str(named), directory), True)


def _source(item: object) -> tuple[str, bool]:
    """Return the source of a mount in the short or the long form, empty if it has none; and if it is read-only."""
    if isinstance(item, dict):
        source, is_path = str(item.get("source") or ""), item.get("type") == "bind"
        # In the long form, a bind may be a name without a slash.
        relative = is_path and not source.startswith(("/", ".", "~"))
        return f"./{source}" if relative else source, _is_true(item.get("read_only"))
    source, _, rest = str(item).partition(":")
    return (source, "ro" in rest.rpartition(":")[2].split(",")) if rest else ("", False)


def _absolute(source: str, directory: Path) -> Path:
    home = f"/root{source[1:]}" if source == "~" or source.startswith("~/") else source
    return Path(os.path.normpath(directory / home))


def _of_mount(mount: _Mount, paths: Paths, others: Collection[str]) -> Access | None:
    """Return the kind of access that a mount is; None for the application's own files."""
    source = mount.source
    if any(socket.is_relative_to(source) for socket in _SOCKETS):
        return Access.ENGINE_SOCKET
    if paths.data.is_relative_to(source) or source.is_relative_to(paths.generated):
        return Access.INSTANCE_FILES
    private = (paths.secrets, paths.wireguard)
    if any(each.is_relative_to(source) or source.is_relative_to(each) for each in private):
        return Access.INSTANCE_FILES
    if source.is_relative_to(paths.conf):
        # Read-only, it is the configuration of a service; who writes there is root.
        return None if mount.read_only else Access.INSTANCE_FILES
    if source.is_relative_to(paths.data):
        return _of_data(source, paths, others)
    return None if mount.read_only and source in _HARMLESS else Access.HOST_PATH


def _of_data(source: Path, paths: Paths, others: Collection[str]) -> Access | None:
    own = (paths.certbot, paths.lego, paths.private_ca, paths.certificate_archive, paths.memory)
    keys = (*own, *(paths.proxy_certificates(side) for side in Side))
    if any(source.is_relative_to(each) or each.is_relative_to(source) for each in keys):
        return Access.INSTANCE_FILES
    return Access.OTHER_DATA if source.relative_to(paths.data).parts[0] in others else None
