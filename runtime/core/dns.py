"""Names for VPN clients: dnsmasq in a container, and the hosts file that it reloads automatically.

dnsmasq watches the directory of the file (dnsmasq(8), `--hostsdir`): a new name below the internal domain needs no
restart. Its command line has only what a hosts file cannot express: wildcards, and names outside the internal domain
that no other server is to be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.base import control_characters
from runtime.base.paths import Paths, Side
from runtime.config.dns_resolver import DNS_PORT, Resolver
from runtime.config.settings import Settings
from runtime.core import ipv6_proxy
from runtime.core.changes import InstallHostsFile
from runtime.docker import images
from runtime.docker.hardening import Hardening
from runtime.docker.projects import bind
from runtime.proxy.model import ProxyModel

SERVICE = "names"
PORT = 53
FILE = "hosts"
HOSTS_MOUNT = "/etc/shoestring-hosts"
# 2 MB when idle; each of at most 20 TCP connections has a process of its own. All stay below 10 MB, but runc, which
# starts it, counts as 16 MB with the copy of itself that it makes (CVE-2019-5736): with less the kernel may kill it.
MEMORY_LIMIT = "32m"
PROCESS_LIMIT = 32
# nobody: dnsmasq needs no right at all, and Docker lets every user bind low ports inside a container.
USER = "65534:65534"
HARDENING = Hardening(MEMORY_LIMIT, PROCESS_LIMIT, USER, log_size="1m")
# How long a client may keep an answer.
TTL_SECONDS = 30
HEADER = "# Made by Shoestring from the application files. Do not edit: it is written again.\n"


@dataclass(frozen=True)
class HostsFile:
    """The file with the internal host names, as it should be."""

    file: Path
    content: str


def is_needed(settings: Settings, models: tuple[ProxyModel, ...]) -> bool:
    """Return whether there are VPN clients to answer, and an internal proxy whose address is the answer."""
    return settings.wireguard.enabled and any(model.side is Side.INTERNAL for model in models)


def hosts_file(settings: Settings, models: tuple[ProxyModel, ...], paths: Paths) -> HostsFile | None:
    """Return the hosts file that the resolver reads; None without a resolver."""
    if not is_needed(settings, models) or settings.internal is None:
        return None
    names = [name for name in _names(settings, models) if not name.startswith("*.")]
    control_characters.refuse((names, models), "DNS")
    lines = "".join(f"{address} {name}\n" for name in names for address in _addresses(settings, models))
    return HostsFile(paths.names_generated / FILE, HEADER + lines)


def difference(desired: HostsFile | None) -> InstallHostsFile | None:
    """Return what is to be written so that the resolver knows all names; None if nothing. Reads the file that is
    there.
    """
    if desired is None:
        return None
    try:
        present = desired.file.read_text(encoding="utf-8")
    except OSError:
        return InstallHostsFile(desired.file, desired.content, "new", lost=not desired.file.parent.is_dir())
    if present == desired.content:
        return None
    before, after = set(present.splitlines()), set(desired.content.splitlines())
    parts = ((len(after - before), "new"), (len(before - after), "gone"))
    about = ", ".join(f"{number} {what}" for number, what in parts if number)
    return InstallHostsFile(desired.file, desired.content, about or "changed")


def service(settings: Settings, models: tuple[ProxyModel, ...], paths: Paths) -> dict[str, Any]:
    """Return the resolver's service for Compose, without its labels."""
    address = _addresses(settings, models)[0]
    definition: dict[str, Any] = {
        "image": images.effective(images.DNSMASQ.reference, settings.images.source),
        # The image's own may be a script that changes the command.
        "entrypoint": ["dnsmasq"],
        "command": _options(settings, models),
        **HARDENING.compose_service(),
        "networks": [settings.network(Side.INTERNAL)],
        "ports": [
            {"target": PORT, "published": str(PORT), "host_ip": address, "protocol": protocol, "mode": "host"}
            for protocol in ("udp", "tcp")
        ],
        "volumes": [bind(str(paths.names_generated), HOSTS_MOUNT, read_only=True)],
    }
    if settings.images.source == images.LOCAL:
        definition["pull_policy"] = "never"
    return definition


def _names(settings: Settings, models: tuple[ProxyModel, ...]) -> list[str]:
    """Return the internal domain and every internal host name, each once."""
    internal = (model for model in models if model.side is Side.INTERNAL)
    found = {name for model in internal for backend in model.backends for name in backend.host_names}
    return [settings.internal_domain, *sorted(found - {settings.internal_domain})]


def _addresses(settings: Settings, models: tuple[ProxyModel, ...]) -> tuple[str, ...]:
    """Return where the internal side is: its address, and in the VPN's IPv6 network a second one."""
    own = next((model.address for model in models if model.side is Side.INTERNAL), "")
    return tuple(dict.fromkeys((own, *ipv6_proxy.addresses(settings, Side.INTERNAL, own))))


def _options(settings: Settings, models: tuple[ProxyModel, ...]) -> list[str]:
    """Return the options of dnsmasq(8). Without a `--server` it refuses every name that it does not know itself."""
    names = _names(settings, models)
    wildcards = [name for name in names if name.startswith("*.")]
    outside = [name for name in names if not f".{name}".endswith(f".{settings.internal_domain}")]
    return [
        *("--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--pid-file"),
        *("--no-resolv", "--no-hosts", f"--hostsdir={HOSTS_MOUNT}", f"--local-ttl={TTL_SECONDS}"),
        # Names without a dot and private addresses are never asked of other resolvers.
        *("--domain-needed", "--bogus-priv"),
        f"--local=/{settings.internal_domain}/",
        *(f"--address=/{name}/{address}" for name in wildcards for address in _addresses(settings, models)),
        # Without these a query for an address family without an address would be answered with NXDOMAIN.
        *(f"--local=/{name}/" for name in dict.fromkeys((*wildcards, *outside))),
        *(f"--server={_server(each)}" for each in settings.wireguard.dns),
    ]


def _server(resolver: Resolver) -> str:
    """Return a resolver in dnsmasq's form: a port stands after #."""
    return resolver.address if resolver.port == DNS_PORT else f"{resolver.address}#{resolver.port}"
