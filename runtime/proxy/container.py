"""The container of a side's proxy: its user, image, ports and mounts, as the container sees them."""

from __future__ import annotations

from runtime.base.paths import Side
from runtime.config.settings import Settings
from runtime.docker import images
from runtime.docker.hardening import Hardening

# The user of the official haproxy image, and the group that may read certificates' keys.
PROXY_UID = PROXY_GID = 99
# 11 MB with maxconn 1000 when idle, and up to 9 MB for each of ten old processes that a websocket holds open; TLS
# connections take the rest.
MEMORY_LIMIT = "192m"
# Failed handshakes of scanners are logged; they must not fill a small disk.
HARDENING = Hardening(MEMORY_LIMIT, 64, f"{PROXY_UID}:{PROXY_GID}", log_size="5m")

CONFIGURATION_MOUNT = "/usr/local/etc/haproxy"
CERTIFICATES_MOUNT = "/usr/local/etc/haproxy-ssl"
SOCKETS_MOUNT = "/run/haproxy"
HTTP_PORT, HTTPS_PORT = 80, 443


def service_name(side: Side) -> str:
    """Return the name of the Compose service of a side's proxy."""
    return f"haproxy-{side}"


def proxy_image(settings: Settings) -> str:
    """Return the image of the proxies in the source that the settings choose."""
    return images.effective(images.HAPROXY.reference, settings.images.source)
