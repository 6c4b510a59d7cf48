"""The output of `shoestring firewall` as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from installer.firewall.manage import UNIT, Firewall
from installer.host.ports import ListeningSocket
from installer.host.systemd import unit_name
from installer.host.timers import TimerState
from runtime.config.applications import OPEN_PORTS
from runtime.config.published_ports import PublishedPort
from runtime.output.table import table

# Answers to this host's own DHCP requests, which the rules allow.
_DHCP = (68, 546)
# Of the networks that reach the internal side.
_SHOWN = 4
NO_BOOT = "systemd does not run here: load {} at boot, before Docker starts, with: nft --file"
# Why the next boot would not load the rules.
_LOST = {
    TimerState.MISSING: "is missing",
    TimerState.OUTDATED: "was changed",
    TimerState.OFF: "is switched off",
}
Row = tuple[str, str, str]


def state(firewall: Firewall) -> str:
    """Return how it is, in a word or a sentence."""
    settings = firewall.desired.settings
    if firewall.confirmed:
        lost = _lost_at_boot(firewall)
        if firewall.is_active:
            return f"on, but {lost}" if lost else "on"
        about = "its table is missing" if firewall.present is None else "its table differs from the files"
        repair = "the next run of the watchdog repairs it, or now: shoestring start"
        return "; ".join(each for each in (about, repair, lost) if each)
    if firewall.present is not None:
        return "active, but rolled back automatically unless it is confirmed"
    if not settings.firewall:
        return "off"
    where = "applied on another host, not on this one" if firewall.elsewhere else "not applied yet"
    return f"on in the settings, but {where}: shoestring firewall on"


def _lost_at_boot(firewall: Firewall) -> str:
    """Return why the next boot does not load the rules, as a clause; empty if it does, or if that is unknown."""
    if firewall.boot is None or firewall.boot is TimerState.ON:
        return ""
    name = unit_name(UNIT, firewall.instance)
    return f"the next boot does not load it: {name} {_LOST[firewall.boot]}; repair it with: shoestring firewall on"


def lines(firewall: Firewall) -> list[str]:
    """Return what stays open and why, then what closes."""
    return table([*open_rows(firewall), *closed_rows(firewall)])


def open_rows(firewall: Firewall) -> Iterator[Row]:
    """Yield what answers from outside, and what of the internal side from inside."""
    for each in firewall.ruleset.allowed_ports:
        where = "" if _is_everywhere(each.address) else f", at {each.address}"
        yield "open", str(each), f"{each.why}{where}"
    if firewall.ruleset.vpn:
        yield "open", firewall.ruleset.vpn, "VPN clients, at the VPN's address"
    inside = firewall.ruleset.inside
    if inside:
        who = f"at {inside.address or inside.interface}, from {_some(inside.networks)}"
        yield from (("open", str(each), f"{each.why}, {who}") for each in inside.allowed_ports)
    yield "open", "ICMP", "ping, errors, neighbors"


def _some(networks: tuple[str, ...]) -> str:
    """Return networks as text for the user: with a mesh VPN, each machine is one."""
    if not networks:
        return "nobody: no private network is behind that interface yet"
    more = len(networks) - _SHOWN
    return f"{', '.join(networks[:_SHOWN])}{f' and {more} more' if more > 0 else ''}"


def closed_rows(firewall: Firewall) -> Iterator[Row]:
    """Yield what applications publish and what listens now, and cannot be reached from outside."""
    published = {str(port): application.name for application, port in firewall.closed}
    for port, name in published.items():
        yield "closed", port, f"published by {name}; {OPEN_PORTS} would open it"
    yield from dict.fromkeys(
        ("closed", str(port), each.process or "a process")
        for protocol, listed in (("tcp", firewall.listeners), ("udp", firewall.udp))
        for each in listed
        for port in (_port(protocol, each),)
        if str(port) not in published and not _is_known(firewall, port, each)
    )
    yield "closed", "all else", "from outside"


def _is_everywhere(address: str) -> bool:
    return not address or ip_address(address).is_unspecified


def _port(protocol: str, listener: ListeningSocket) -> PublishedPort:
    address = "" if ip_address(listener.address).is_unspecified else listener.address
    return PublishedPort(protocol, listener.port, listener.port, address)


def _is_known(firewall: Firewall, port: PublishedPort, listener: ListeningSocket) -> bool:
    """Return whether a socket is no news: it stays open, is of this host alone, or of the internal side."""
    inside = bool(port.address) and port.address == firewall.desired.internal_address.address
    answers = port.protocol == "udp" and listener.port in _DHCP
    loopback = ip_address(listener.address).is_loopback
    return inside or answers or loopback or firewall.ruleset.allows(port)


def notes(firewall: Firewall) -> Iterator[str]:
    """Yield what else the user has to do."""
    if firewall.boot is None:
        yield f"{NO_BOOT.format('the rules')} {firewall.paths.firewall_generated}"
