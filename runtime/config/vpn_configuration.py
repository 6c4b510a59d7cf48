"""Whether the host's copy of the VPN's configuration is the one of the data directory.

`shoestring vpn status` inspects all of the VPN.
"""

from __future__ import annotations

from pathlib import Path

from runtime.base.paths import Paths
from runtime.config.settings import Settings

CONFIGURATIONS = Path("/etc/wireguard")


def problems(settings: Settings, paths: Paths, configurations: Path = CONFIGURATIONS) -> tuple[str, ...]:
    """Return why the next boot would not bring up the VPN of the data directory; empty if it would."""
    if not settings.wireguard.enabled:
        return ()
    name = f"{settings.wireguard.interface}.conf"
    original, copy = _read(paths.wireguard / name), _read(configurations / name)
    # Without an original it was never up: the check of the internal proxy reports that.
    if not original or copy == original:
        return ()
    about = "differs from" if copy else "is missing, unlike"
    return (f"The VPN's file {configurations / name} {about} conf/wireguard/{name}. Run: shoestring vpn apply",)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
