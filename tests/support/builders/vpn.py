"""A VPN with one client."""

from __future__ import annotations

import base64

from installer.vpn.clients import VpnClient

VPN = (
    "public: {address: 203.0.113.7}\ninternal: {address: 10.12.0.1}\n"
    "wireguard: {enabled: on, network6: 'fd12::/64'}\n"
)


def key(letter: str) -> str:
    """Return a key that is one letter, 32 times."""
    return base64.b64encode(letter.encode() * 32).decode()


LAPTOP = VpnClient(
    name="laptop",
    made="2026-01-02T03:04:05Z",
    addresses=("10.12.0.2", "fd12::2"),
    public_key=key("p"),
    preshared_key=key("s"),
    private_key=key("P"),
)
