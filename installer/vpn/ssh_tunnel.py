"""How a person reaches the internal side without a VPN: an SSH tunnel, and lines of a hosts file. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from runtime.base.errors import UsageError
from runtime.base.paths import Side
from runtime.config import internal_address
from runtime.config.settings import Settings
from runtime.firewall import ssh
from runtime.network.addresses import bracketed
from runtime.output.encoder import as_json
from runtime.proxy.model import ProxyModel

LOOPBACK = "127.0.0.1"
# Below it only root may listen (ip(7), ip_unprivileged_port_start).
FIRST_FREE_PORT = 1024


@dataclass(frozen=True)
class SshTunnel:
    """What leads to the internal side: an address, ports, and the host names that it serves there.

    `wildcards` are names that no hosts file can hold; `login` is what SSH connects to, at `ssh_port`.
    """

    address: str
    ports: tuple[int, ...]
    host_names: tuple[str, ...]
    wildcards: tuple[str, ...]
    login: str
    ssh_port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this host itself reaches it."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def command(self) -> tuple[str, ...]:
        """The SSH that brings every port to the loopback address of the person's computer (ssh(1), -L)."""
        host = bracketed(self.address)
        forwards = (part for port in self.ports for part in ("-L", f"{LOOPBACK}:{port}:{host}:{port}"))
        port = () if self.ssh_port == ssh.DEFAULT_PORT else ("-p", str(self.ssh_port))
        return ("ssh", *port, "-N", *forwards, self.login)

    def lines(self, address: str) -> tuple[str, ...]:
        """The lines of a hosts file: a name a line, since Windows reads no more than nine on one."""
        return tuple(f"{address} {name}" for name in self.host_names)


def find(settings: Settings, models: tuple[ProxyModel, ...], user: str, ssh_ports: frozenset[int]) -> SshTunnel:
    """Where the internal side is. `ssh_ports` are those of sshd, at least one.

    Raises UsageError if it is off, or waits for its interface.
    """
    if settings.internal is None:
        raise UsageError("The internal side is off; there is nothing to reach. Switch it on in conf/shoestring.yaml.")
    model = next((each for each in models if each.side is Side.INTERNAL), None)
    if model is None:
        interface = internal_address.configured(settings).interface
        raise UsageError(f"The interface {interface} of internal.address has no address yet. Bring it up first.")
    served = {name for backend in model.backends for name in backend.host_names} - {settings.internal_domain}
    known = (settings.internal_domain, *sorted(served))
    ports = (model.http_port, model.https_port, *(each.port for each in model.tcp_ports))
    return SshTunnel(
        address=model.address,
        ports=tuple(port for port in ports if port),
        host_names=tuple(name for name in known if not name.startswith("*.")),
        wildcards=tuple(name for name in known if name.startswith("*.")),
        login=f"{user}@{settings.endpoint}",
        ssh_port=ssh.DEFAULT_PORT if ssh.DEFAULT_PORT in ssh_ports else min(ssh_ports),
    )


def hosts_lines(tunnel: SshTunnel) -> list[str]:
    """The lines alone, and as comments what they cannot hold."""
    address = LOOPBACK if tunnel.is_loopback else tunnel.address
    return [*tunnel.lines(address), *(f"# {name}: write the names that you use" for name in tunnel.wildcards)]


def tunnel_lines(tunnel: SshTunnel) -> list[str]:
    """The command, then the lines of the hosts file."""
    low = [port for port in tunnel.ports if port < FIRST_FREE_PORT]
    needs = f" It needs sudo there, for port {low[0]}." if low else ""
    return [
        f"  On your computer, and leave it running:{needs}",
        "",
        " ".join(tunnel.command),
        "",
        "  In its hosts file (/etc/hosts; on Windows C:\\Windows\\System32\\drivers\\etc\\hosts):",
        "",
        *tunnel.lines(LOOPBACK),
        *(f"# {name}: write the names that you use" for name in tunnel.wildcards),
    ]


def to_json(tunnel: SshTunnel, address: str) -> str:
    """The answer of tunnel and hosts."""
    return as_json(
        command=tunnel.command,
        address=address,
        ports=tunnel.ports,
        host_names=tunnel.host_names,
        wildcards=tunnel.wildcards,
    )
