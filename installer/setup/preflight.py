"""Whether this host can carry what was answered: pure checks; all problems at once, each with what to do."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from installer.host import ports, wireguard
from installer.host.facts import Facts
from installer.vpn import managed_interfaces, subnet_conflicts
from runtime.base.errors import ExitCode, ShoestringError
from runtime.base.paths import Paths
from runtime.base.yaml_documents import KeyPath, dotted
from runtime.config.internal_address import configured
from runtime.config.settings import Settings

COMPOSE_MINIMUM = (2, 20)

__all__ = [
    "DirectoryState",
    "Preflight",
    "SetupRefusedError",
    "directory_state",
    "host_problems",
    "problems",
]


class DirectoryState(Enum):
    """The state of the path where the data directory is to be created."""

    FREE = auto()
    OURS = auto()
    NOT_EMPTY = auto()
    NOT_A_DIRECTORY = auto()
    MOUNT_POINT = auto()


class SetupRefusedError(ShoestringError):
    """Setup is not possible on this host, or with these answers; nothing was written."""

    def __init__(self, found: tuple[str, ...], exit_code: ExitCode) -> None:
        self.exit_code = exit_code
        self.problems = found
        super().__init__(
            found[0]
            if len(found) == 1
            else f"Setup is not possible: {len(found)} problems\n" + "\n".join(f"  {each}" for each in found)
        )


@dataclass(frozen=True)
class Preflight:
    """The inputs of the checks: the host, the settings, the data directory, and the ports that cannot be bound.

    `vpn` is why the host cannot have the VPN of the settings; empty if it can, or without one.
    """

    facts: Facts
    settings: Settings
    paths: Paths
    directory: DirectoryState
    unbindable: frozenset[tuple[str, int]]
    vpn: tuple[str, ...] = ()


def gather(facts: Facts, settings: Settings, paths: Paths) -> Preflight:
    """Observe what the checks need and the facts do not have. Changes nothing."""
    required = {(address, port) for _, address, port in required_ports(settings)}
    taken = frozenset(pair for pair in required if not ports.can_bind(*pair))
    return Preflight(facts, settings, paths, directory_state(paths), taken, _vpn(settings, paths))


def _vpn(settings: Settings, paths: Paths) -> tuple[str, ...]:
    if not settings.wireguard.enabled:
        return ()
    mine = (settings.wireguard.interface, *managed_interfaces.former(paths, settings))
    return (wireguard.missing(), *subnet_conflicts.on_host(settings, mine))


def directory_state(paths: Paths) -> DirectoryState:
    """Return what is at the path of the data directory now."""
    root = paths.root
    if paths.settings.is_file():
        return DirectoryState.OURS
    if os.path.lexists(root) and not root.is_dir():
        return DirectoryState.NOT_A_DIRECTORY
    if root.is_dir() and any(root.iterdir()):
        # A new file system has this directory in it.
        if root.is_mount() and {each.name for each in root.iterdir()} == {"lost+found"}:
            return DirectoryState.MOUNT_POINT
        return DirectoryState.NOT_EMPTY
    return DirectoryState.MOUNT_POINT if root.is_mount() else DirectoryState.FREE


def host_problems(facts: Facts) -> tuple[str, ...]:
    """Return what the host lacks, independent of the answers."""
    if not facts.is_root:
        # Docker refuses all other users too: further checks would add nothing.
        return ("Setup needs root. Run it again with: sudo shoestring setup",)
    found = []
    if facts.engine.problem:
        found.append(facts.engine.problem)
    minimum = ".".join(str(part) for part in COMPOSE_MINIMUM)
    if not facts.compose_version:
        found.append(
            "Docker Compose v2 is not installed (docker compose version fails). "
            "Install docker-compose-plugin or docker-compose-v2, or run packaging/install.sh."
        )
    elif tuple(int(part) for part in facts.compose_version.split(".")[:2]) < COMPOSE_MINIMUM:
        found.append(
            f"Docker Compose {facts.compose_version} is too old; Shoestring needs {minimum} or later. "
            "Install a newer docker-compose-plugin, or run packaging/install.sh."
        )
    if not facts.has_git:
        found.append("git is not installed. Install the package git, or run packaging/install.sh.")
    if not facts.addresses:
        found.append("This host has no address that can be read. Install the package iproute2 (iproute on Fedora).")
    return tuple(found)


def directory_problem(paths: Paths, state: DirectoryState) -> str:
    """Return why a data directory cannot be created there; empty if it can, or exists."""
    root = paths.root
    match state:
        case DirectoryState.NOT_EMPTY:
            return (
                f"{root} is not empty, and not a Shoestring data directory (it has no conf/shoestring.yaml). "
                "Choose another directory, or move its content away."
            )
        case DirectoryState.NOT_A_DIRECTORY:
            return f"{root} is not a directory. Choose another place, or move it away."
        case DirectoryState.MOUNT_POINT:
            return (
                f"{root} is a mount point, which cannot be replaced by a finished directory. "
                f"Choose a directory below it, such as {root / 'shoestring'}."
            )
        case _:
            return ""


def problems(check: Preflight) -> tuple[str, ...]:
    """Return the problems of the answers on this host."""
    found = [directory_problem(check.paths, check.directory)]
    found += [
        address_problem(check.facts, key, address)
        for key, address in (
            (("public", "address"), check.settings.public.address if check.settings.public else ""),
            (("internal", "address"), _own_internal_address(check.settings)),
        )
        if address
    ]
    found += check.vpn
    found.append(instance_problem(check.facts, check.settings, check.paths))
    instance = check.settings.instance
    for key, address, port in required_ports(check.settings):
        found.append(
            port_problem(check.facts, key, address, port, instance, is_taken=(address, port) in check.unbindable)
        )
    return tuple(dict.fromkeys(each for each in found if each))


def refuse(host: tuple[str, ...], answers: tuple[str, ...] = ()) -> None:
    """Raise SetupRefusedError if there is a problem: exit code 1 for what the host lacks, 2 for wrong answers."""
    if host or answers:
        raise SetupRefusedError((*host, *answers), ExitCode.FAILED if host else ExitCode.USAGE)


def required_ports(settings: Settings) -> tuple[tuple[KeyPath, str, int], ...]:
    """Return the key, address and number of each port that the proxies will listen on."""
    required: list[tuple[KeyPath, str, int]] = []
    if settings.public:
        at = settings.public.address
        required.append((("public", "http_port"), at, settings.public.http_port))
        required.append((("public", "https_port"), at, settings.public.https_port))
    at = configured(settings).address
    if settings.internal and at:
        names = zip(("http_port", "https_port"), settings.internal.ports, strict=False)
        required += [(("internal", name), at, port) for name, port in names]
    return tuple(required)


def _own_internal_address(settings: Settings) -> str:
    """Return the internal address if the host must have it now; that of an interface or of the VPN may come later."""
    return "" if settings.wireguard.enabled else configured(settings).address


def address_problem(facts: Facts, key: KeyPath, address: str) -> str:
    """Return why nothing can listen on an address; empty if it can."""
    parsed = ipaddress.ip_address(address)
    known = tuple(each.address for each in facts.addresses)
    if parsed.is_unspecified or parsed.is_loopback or address in known:
        return ""
    return f"{dotted(key)}: {address} is not an address of this host; it has {', '.join(known)}"


def is_world_reachable(address: str) -> bool:
    """Return whether the internet routes an address; it may be empty, for one that is not known."""
    return bool(address) and ipaddress.ip_address(address).is_global


def instance_problem(facts: Facts, settings: Settings, paths: Paths) -> str:
    """Return the conflict with another data directory of the same instance name; empty if there is none."""
    project = settings.project("core")
    for container in facts.engine.containers:
        if container.project == project and not container.files.startswith(f"{paths.root}/"):
            other = Path(container.files.split(",")[0]).parent.parent
            return (
                f"instance: {settings.instance} already runs from {other}. "
                "Set up that directory, or give another instance in the answers."
            )
    return ""


def port_problem(
    facts: Facts, key: KeyPath, address: str, port: int, instance: str, *, is_taken: bool = False
) -> str:
    """Return which process holds a port, and what to do; empty if it is free, or held by this instance's own proxies.

    `is_taken`: it could not be bound, though neither Docker nor the kernel lists a holder.
    """
    container = ports.publisher(address, port, facts.engine.containers)
    if container and instance and container.project == f"{instance}_core":
        return ""
    advice = f"or choose another {dotted(key)}."
    if container:
        return (
            f"Port {port} is used by the container {container.name}. Stop it (docker stop {container.name}) {advice}"
        )
    found = ports.listener(address, port, facts.listeners)
    if found and ports.is_ipv6_proxy(found, facts.engine.containers, instance):
        return ""
    if found and found.pid:
        how = f"systemctl disable --now {found.unit}" if found.unit else f"kill {found.pid}"
        return f"Port {port} is used by {found.process} (process {found.pid}). Stop it ({how}) {advice}"
    if found or is_taken:
        return f"Port {port} is used by an unknown process. Stop it {advice}"
    return ""
