"""The network interfaces of an instance on this host, also those with a former name from the settings."""

from __future__ import annotations

from installer.host import wireguard
from installer.vpn import clients, configuration
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.config.settings import Settings


def mark(settings: Settings) -> str:
    """Return the line that marks a file in /etc/wireguard as this instance's."""
    return f"{configuration.MARK}{settings.instance}"


def observe(paths: Paths, settings: Settings) -> tuple[str, ...]:
    """Return the interfaces that exist or start at boot."""
    try:
        public_key = configuration.server_public_key(clients.read_server_key(paths))
    except (ShoestringError, OSError):
        # The files on the host also have a mark.
        public_key = ""
    return wireguard.managed_interfaces(mark(settings), public_key)


def former(paths: Paths, settings: Settings) -> tuple[str, ...]:
    """Return the interfaces with a former name: removed clients may still have access there."""
    return tuple(each for each in observe(paths, settings) if each != settings.wireguard.interface)
