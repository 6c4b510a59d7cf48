"""What is seen of the VPN from here: whether the host's copy of its configuration is the original.

`shoestring vpn status` looks at all of it.
"""

from __future__ import annotations

from pathlib import Path

from runtime.base.paths import Paths
from runtime.config.settings import Settings

CONFIGURATIONS = Path("/etc/wireguard")


def problems(settings: Settings, paths: Paths, configurations: Path = CONFIGURATIONS) -> tuple[str, ...]:
    """Why the next boot would bring up another VPN than the data directory's, or none. Empty if it would not."""
    if not settings.wireguard.enabled:
        return ()
    name = f"{settings.wireguard.interface}.conf"
    original, copy = _read(paths.wireguard / name), _read(configurations / name)
    # Without an original it was never up: that is told of the internal proxy.
    if not original or copy == original:
        return ()
    about = "is not the same as" if copy else "is not there, unlike"
    return (f"The VPN's file {configurations / name} {about} conf/wireguard/{name}. Run: shoestring vpn apply",)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
