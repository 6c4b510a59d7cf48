"""The difference between the running VPN and its files. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from installer.host.wireguard import BootState, WireGuardLink, configuration_file
from installer.vpn import addresses, configuration
from installer.vpn.clients import VpnClient
from installer.vpn.peers import RunningInterface
from runtime.config.settings import Settings

REPAIR = "Run: shoestring vpn apply"


@dataclass(frozen=True)
class ObservedVpn:
    """The VPN as it is on this host.

    `live` and `link` are the interface as WireGuard and as the kernel report it, None if it does not exist; `boot` is
    what starts it at boot, `old` are the instance's interfaces with former names.
    """

    live: RunningInterface | None
    link: WireGuardLink | None
    boot: BootState
    old: tuple[str, ...] = ()


def problem(settings: Settings, public_key: str, known: tuple[VpnClient, ...], seen: ObservedVpn) -> str:
    """Return a sentence about what differs from the files; empty if nothing does.

    `public_key` is the server's, empty if it has none yet.
    """
    name = settings.wireguard.interface
    if not public_key:
        return "The VPN has no key and no client yet. Run: shoestring vpn add NAME"
    if seen.live is None or seen.link is None:
        return f"The interface {name} does not exist. {REPAIR}"
    wrong = ", ".join(
        (
            *_of_link(settings, seen.link),
            *_of_wireguard(settings, public_key, known, seen.live),
            *_of_boot(name, seen.boot),
            *(f"{each} exists as well" for each in seen.old),
        )
    )
    return f"The interface {name} differs from its configuration ({wrong}). {REPAIR}" if wrong else ""


def _of_link(settings: Settings, link: WireGuardLink) -> Iterator[str]:
    if not link.is_up:
        yield "it is down"
    if link.addresses != set(addresses.server(settings)):
        yield "its addresses"
    if link.mtu != settings.wireguard.mtu:
        yield "its MTU"


def _of_wireguard(
    settings: Settings, public_key: str, known: tuple[VpnClient, ...], live: RunningInterface
) -> Iterator[str]:
    if live.public_key != public_key:
        yield "its key"
    if live.port != settings.wireguard.port:
        yield "its port"
    expected = {
        (each.public_key, each.preshared_key, tuple(sorted(configuration.host_networks(each, settings))))
        for each in known
    }
    if expected != {(each.public_key, each.preshared_key, each.allowed) for each in live.peers}:
        yield "its clients"


def _of_boot(name: str, boot: BootState) -> Iterator[str]:
    if not boot.is_written:
        yield f"its file {configuration_file(name)}"
    if not boot.is_enabled:
        yield "it does not start at boot"
