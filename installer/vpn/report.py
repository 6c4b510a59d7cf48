"""The output of `shoestring vpn` as text."""

from __future__ import annotations

import io
from datetime import datetime

from installer.vpn import addresses, configuration
from installer.vpn.clients import VpnClient
from installer.vpn.operations import VpnOverview
from installer.vpn.peers import WireguardPeer
from runtime.base.formats import count, duration, size
from runtime.base.paths import Side
from runtime.config.settings import Settings
from runtime.output.table import table


def added_lines(client: VpnClient, text: str, settings: Settings) -> list[str]:
    """Return the lines about a new client: its file, and what to do with it."""
    return [
        f"  ✓ {client.name}  {', '.join(client.addresses)}",
        "",
        text.rstrip(),
        "",
        *_instructions(client, settings),
    ]


def preview_lines(client: VpnClient, settings: Settings) -> list[str]:
    """Return the lines of a dry run of add."""
    where = configuration.endpoint(settings)
    return [f"  + {client.name}  {', '.join(client.addresses)}  connects to {where}", "  Nothing was changed."]


def _instructions(client: VpnClient, settings: Settings) -> list[str]:
    """Return how to install the file on each system; docs/vpn.md has details."""
    name = client.name
    own = [] if client.private_key else [f"  Put your private key in place of {configuration.OWN_KEY}."]
    phone = (
        f"WireGuard app, +, Scan from QR code: shoestring vpn show {name} --qr"
        if client.private_key
        else "WireGuard app, +, Create from file or archive"
    )
    # Only where there is an internal side the file has a DNS line.
    resolver = ("", "its DNS line needs resolvconf, from the package systemd-resolved or openresolv")
    rows = [
        ("Linux", f"save it as /etc/wireguard/{name}.conf (mode 600), then: sudo wg-quick up {name}"),
        *((resolver,) if settings.internal else ()),
        ("macOS", "WireGuard from the App Store, Import Tunnel(s) from File"),
        ("Windows", "WireGuard from https://www.wireguard.com/install/, Import tunnel(s) from file"),
        ("Phone", phone),
    ]
    page = [f"  Then open {_page(settings)}"] if settings.internal else []
    return ["  Save the text above as a file, and keep it secret.", *own, *table(rows), *page]


def _page(settings: Settings) -> str:
    """Return the address of the page that lists the internal services."""
    return settings.url_of(Side.INTERNAL, settings.internal_domain)


def qr(text: str) -> str:
    """Return a QR code for a terminal, readable on dark and light backgrounds."""
    import segno

    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()


def list_lines(overview: VpnOverview, now: datetime) -> list[str]:
    """Return a line per client: addresses, last handshake, traffic."""
    if not overview.clients:
        return ["  No clients yet. Add one with: shoestring vpn add NAME"]
    rows = [("CLIENT", "ADDRESSES", "HANDSHAKE", "RECEIVED", "SENT", "FROM")]
    for client in overview.clients:
        peer = overview.live.peer(client.public_key) if overview.live else None
        rows.append((client.name, ", ".join(client.addresses), *_traffic(peer, now)))
    return [*table(rows), *_notes(overview)]


def _traffic(peer: WireguardPeer | None, now: datetime) -> tuple[str, str, str, str]:
    if peer is None:
        return "-", "-", "-", "-"
    seen = f"{duration(now.timestamp() - peer.handshake)} ago" if peer.handshake else "never"
    return seen, size(peer.received), size(peer.sent), peer.endpoint or "-"


def _notes(overview: VpnOverview) -> list[str]:
    return ["", f"  ✗ {overview.problem}"] if overview.problem else []


def status_lines(overview: VpnOverview, now: float) -> list[str]:
    """Return the status of the VPN."""
    settings = overview.settings
    vpn = settings.wireguard
    connected = sum(each.is_connected(now) for each in overview.live.peers) if overview.live else 0
    internal = settings.internal
    names = f"{internal.address} answers {settings.internal_domain}; others: " if internal else "no resolver: "
    rows = [
        ("interface", f"{vpn.interface}  {_state(overview)}"),
        ("addresses", ", ".join(addresses.server(settings))),
        ("endpoint", f"{configuration.endpoint(settings)} (UDP)"),
        ("key", overview.public_key or "none yet"),
        ("clients", f"{count(len(overview.clients), 'client')}, {connected} connected"),
        ("names", names + (", ".join(map(str, vpn.dns)) or "refused")),
    ]
    return [*table(rows), *_notes(overview)]


def _state(overview: VpnOverview) -> str:
    """Return the state of the interface."""
    if overview.live is None or overview.link is None:
        return "missing"
    return f"{'up' if overview.is_up else 'down'}, MTU {overview.link.mtu}"
