"""Setup's answers about the VPN: what is offered, and what follows from a choice. Pure but for random bytes."""

from __future__ import annotations

import ipaddress
import secrets

from installer.data_directory.flat_settings import OFF, FlatSettings, SettingsPath, SettingsValue
from installer.host.networks import overlapping
from installer.setup.question import AnswerChoice, QuestionContext
from installer.vpn import addresses

ENABLED: SettingsPath = ("wireguard", "enabled")
NETWORK: SettingsPath = ("wireguard", "network")
NETWORK6: SettingsPath = ("wireguard", "network6")
# The first that overlaps with no network of this host; other private networks are more likely to be used at
# home. Those at the end are for a host that reaches all of 10.0.0.0/8.
CANDIDATES = (
    *(f"10.{number}.0.0/24" for number in range(12, 32)),
    *(f"172.29.{number}.0/24" for number in range(12, 32)),
    *(f"192.168.{number}.0/24" for number in range(212, 232)),
)


def is_given(context: QuestionContext) -> bool:
    """Return whether the given answers ask for the VPN."""
    return context.answers.get(ENABLED) in (True, "on")


def address(context: QuestionContext) -> str:
    """Return the address of the internal side in the VPN; empty if no network is free."""
    try:
        return str(ipaddress.ip_network(_network(context))[1])
    except ValueError:
        return ""


def choices(context: QuestionContext) -> tuple[AnswerChoice, ...]:
    """Return the choices for reaching the internal side."""
    at = address(context)
    return (AnswerChoice(at, "WireGuard (a VPN; set up here)"),) if at else ()


def implied(context: QuestionContext, value: SettingsValue) -> FlatSettings:
    """Return the answers that the internal address implies: whether there is a VPN, and its networks."""
    before = context.before
    was = before.get(ENABLED) is True
    given = ENABLED in context.answers
    if value is OFF or (given and not is_given(context)):
        return {}
    if given or (_is_inside(value, context) if was else _is_offered(value, context)):
        return {ENABLED: True, NETWORK: _network(context), NETWORK6: before[NETWORK6] if was else _network6(context)}
    return {ENABLED: False} if was else {}


def _is_offered(value: SettingsValue, context: QuestionContext) -> bool:
    """Return whether it is the address offered for a new VPN, and not an existing address of the host."""
    return value == address(context) and value not in {each.address for each in context.facts.addresses}


def _is_inside(value: SettingsValue, context: QuestionContext) -> bool:
    """Return whether it is an address of the present VPN."""
    networks = [str(context.before[key]) for key in (NETWORK, NETWORK6) if context.before[key]]
    try:
        return any(ipaddress.ip_address(str(value)) in ipaddress.ip_network(each) for each in networks)
    except ValueError:
        return False


def _network6(context: QuestionContext) -> str:
    """Return a new IPv6 network; empty if an interface of this host cannot have an IPv6 address."""
    random = secrets.token_bytes(addresses.GLOBAL_ID_BYTES)
    return addresses.ula_network(random) if context.facts.has_ipv6 else ""


def _network(context: QuestionContext) -> str:
    """Return the network that is given or in use, else one that is free on this host."""
    given = context.answers.get(NETWORK)
    if given is not None:
        return str(given)
    if context.before.get(ENABLED) is True:
        return str(context.before[NETWORK])
    return next((each for each in CANDIDATES if not overlapping(each, context.facts.networks)), "")
