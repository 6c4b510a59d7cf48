"""Access to the internal side without a VPN: an SSH tunnel, and lines for a hosts file. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from runtime.base.errors import UsageError
from runtime.base.paths import Side
from runtime.config import internal_address
from runtime.config.settings import Settings
from runtime.firewall import ssh
from runtime.network.addresses import bracketed
from runtime.proxy.model import ProxyModel

LOOPBACK = "127.0.0.1"
# Below it only root may listen (ip(7), ip_unprivileged_port_start).
FIRST_FREE_PORT = 1024


@dataclass(frozen=True)
class SshTunnel:
    """The internal side as a tunnel reaches it: its address, its ports, and the host names that it serves.

    `wildcards` are names that a hosts file cannot have; `login` is what SSH connects to, at `ssh_port`.
    """

    address: str
    ports: tuple[int, ...]
    host_names: tuple[str, ...]
    wildcards: tuple[str, ...]
    login: str
    ssh_port: int

    @property
    def is_loopback(self) -> bool:
        """Return whether only this host reaches it."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def command(self) -> tuple[str, ...]:
        """Return the SSH command that forwards every port to the user's computer (ssh(1), -L)."""
        host = bracketed(self.address)
        forwards = (part for port in self.ports for part in ("-L", f"{LOOPBACK}:{port}:{host}:{port}"))
        port = () if self.ssh_port == ssh.DEFAULT_PORT else ("-p", str(self.ssh_port))
        return ("ssh", *port, "-N", *forwards, self.login)

    def lines(self, address: str) -> tuple[str, ...]:
        """Return the lines for a hosts file: one name per line, since Windows reads at most nine on a line."""
        return tuple(f"{address} {name}" for name in self.host_names)


def find(settings: Settings, models: tuple[ProxyModel, ...], user: str, ssh_ports: frozenset[int]) -> SshTunnel:
    """Return the tunnel to the internal side. `ssh_ports` are the ports of sshd, at least one.

    Raises UsageError if the internal side is off, or has no address yet.
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
    """Return the lines for a hosts file; wildcards are comments."""
    address = LOOPBACK if tunnel.is_loopback else tunnel.address
    return [*tunnel.lines(address), *(f"# {name}: add each name that you use" for name in tunnel.wildcards)]


def tunnel_lines(tunnel: SshTunnel) -> list[str]:
    """Return the SSH command, then the lines for the hosts file."""
    low = [port for port in tunnel.ports if port < FIRST_FREE_PORT]
    needs = f" (port {low[0]} needs sudo)" if low else ""
    return [
        f"  Run this on your computer, and leave it running{needs}:",
        "",
        " ".join(tunnel.command),
        "",
        "  In its hosts file (/etc/hosts; on Windows C:\\Windows\\System32\\drivers\\etc\\hosts):",
        "",
        *tunnel.lines(LOOPBACK),
        *(f"# {name}: add each name that you use" for name in tunnel.wildcards),
    ]
