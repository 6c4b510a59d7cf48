"""The interfaces of an instance on this host, by every name that they have had in the settings."""

from __future__ import annotations

from installer.host import wireguard
from installer.vpn import clients, configuration
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.config.settings import Settings


def mark(settings: Settings) -> str:
    """The line by which a file in /etc/wireguard is known as this instance's."""
    return f"{configuration.MARK}{settings.instance}"


def observe(paths: Paths, settings: Settings) -> tuple[str, ...]:
    """Those that are there, or come up at boot."""
    try:
        public_key = configuration.server_public_key(clients.read_server_key(paths))
    except (ShoestringError, OSError):
        # The files on the host have a mark besides.
        public_key = ""
    return wireguard.ours(mark(settings), public_key)


def former(paths: Paths, settings: Settings) -> tuple[str, ...]:
    """Those by other names than the present one: whoever was a client may still have access there."""
    return tuple(each for each in observe(paths, settings) if each != settings.wireguard.interface)
