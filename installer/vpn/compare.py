"""Whether the VPN runs as its files say. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from installer.host.wireguard import Link
from installer.vpn import addresses, configuration
from installer.vpn.clients import Client
from installer.vpn.peers import Live
from runtime.settings import Settings

MEND = "Run: shoestring vpn apply"


def problem(
    settings: Settings, public_key: str, known: tuple[Client, ...], live: Live | None, link: Link | None
) -> str:
    """What is wrong with the running interface, as a sentence; empty if it is what the files say.

    `public_key` is the server's, empty if it has none yet. `live` and `link` are the interface as WireGuard and as
    the kernel's network knows it, None where it is not there.
    """
    name = settings.wireguard.interface
    if not public_key:
        return "The VPN has no key and no client yet. Run: shoestring vpn add NAME"
    if live is None or link is None:
        return f"The interface {name} is not there. {MEND}"
    wrong = ", ".join((*_of_link(settings, link), *_of_wireguard(settings, public_key, known, live)))
    return f"The interface {name} is not what the files say ({wrong}). {MEND}" if wrong else ""


def _of_link(settings: Settings, link: Link) -> Iterator[str]:
    if not link.is_up:
        yield "it is down"
    if link.addresses != set(addresses.server(settings)):
        yield "its addresses"
    if link.mtu != settings.wireguard.mtu:
        yield "its MTU"


def _of_wireguard(settings: Settings, public_key: str, known: tuple[Client, ...], live: Live) -> Iterator[str]:
    if live.public_key != public_key:
        yield "its key"
    if live.port != settings.wireguard.port:
        yield "its port"
    wanted = {(each.public_key, each.preshared_key, tuple(sorted(configuration.alone(each)))) for each in known}
    if wanted != {(each.public_key, each.preshared_key, each.allowed) for each in live.peers}:
        yield "its clients"
