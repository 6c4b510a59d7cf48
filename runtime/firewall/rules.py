"""The rules of the firewall as a file for nft(8). Pure.

Every packet that arrives is checked once, before Docker (or other software) translates its destination: at the hook
prerouting, after connection tracking (priority -200) and before DNAT (-100). So its port is the one that the client
used, whichever way Docker filters it afterwards: iptables of either kind, nftables, or its proxy process. A drop is
final, whatever the rules of other tables (nft(8), "Chains"); what is not dropped is passed to them. So other
firewalls still apply.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runtime.base import control_characters
from runtime.firewall import bridges
from runtime.firewall.model import SSH_WHY, WIREGUARD_WHY, InternalAccess, Ruleset
from runtime.network.addresses import PRIVATE4, PRIVATE6

_PRIVATE4, _PRIVATE6 = ", ".join(PRIVATE4), ", ".join(PRIVATE6)
# ICMP must work for path MTU, neighbors and errors (RFC 4890 section 4.4; RFC 1812 section 4.3).
ICMP4 = "destination-unreachable, echo-request, parameter-problem, time-exceeded"
ICMP6 = (
    "destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, nd-router-solicit, "
    "nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, "
    "mld-listener-done, mld2-listener-report"
)
MARK_PREFIX = "shoestring "
# Packets to this host itself; the last rule of the chain has the mark.
LAST_CHAIN = "host"


@dataclass(frozen=True)
class Rules:
    """A rule set: the file for `nft -f`, and its mark (a digest).

    `fallback` is the file for a boot that cannot load this one.
    """

    table: str
    text: str
    mark: str
    fallback: str = ""


def render(ruleset: Ruleset) -> Rules:
    """Return the rule set of a ruleset. Loading the file replaces the table at once, or does nothing at all."""
    control_characters.refuse(ruleset, "firewall")
    arriving, host = list(_arriving(ruleset)), list(_host(ruleset))
    plain = "\n".join((*arriving, *host))
    mark = hashlib.sha256(plain.encode()).hexdigest()[:16]
    host.append(f'drop comment "{MARK_PREFIX}{mark}"')
    text = "\n".join(
        (
            "# Made by Shoestring from the settings and application files. Do not edit: it is written again.",
            clear(ruleset.table),
            f"table inet {ruleset.table} {{",
            f"\tchain {LAST_CHAIN} {{",
            *(f"\t\t{rule}" for rule in host),
            "\t}",
            "",
            "\tchain arriving {",
            "\t\ttype filter hook prerouting priority mangle; policy accept;",
            *(f"\t\t{rule}" for rule in arriving),
            "\t}",
            "}\n",
        )
    )
    return Rules(ruleset.table, text, mark, _fallback(ruleset))


def _fallback(ruleset: Ruleset) -> str:
    """Return rules that leave what keeps this host reachable for its user: SSH and the VPN.

    They are simple, without what a kernel or an nft may lack. The next run of the watchdog replaces them.
    """
    kept = [each for each in ruleset.allowed_ports if each.why in (SSH_WHY, WIREGUARD_WHY)]
    inside = ("lo", *bridges.OWN, f"{bridges.PREFIX}*", *((ruleset.vpn,) if ruleset.vpn else ()))
    return "\n".join(
        (
            "# Made by Shoestring for a boot without the rules of the firewall. Do not edit: it is written again.",
            clear(ruleset.table),
            f"table inet {ruleset.table} {{",
            "\tchain arriving {",
            "\t\ttype filter hook prerouting priority mangle; policy accept;",
            *(f'\t\tiifname "{each}" accept' for each in inside),
            "\t\tct state established,related accept",
            "\t\tudp sport 67 udp dport 68 accept",
            "\t\tip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
            "\t\tmeta l4proto { icmp, ipv6-icmp, igmp } accept",
            *(f"\t\t{each.protocol} dport {each.ports} accept" for each in kept),
            "\t\tdrop",
            "\t}",
            "}\n",
        )
    )


def clear(table: str) -> str:
    """Return lines for nft that remove a table, valid also if it does not exist."""
    return f"add table inet {table}\ndelete table inet {table}"


def _arriving(ruleset: Ruleset) -> Iterator[str]:
    """Yield rules that accept packets from this host and its containers, and split the rest by destination."""
    docker, others = (*bridges.OWN, *ruleset.bridges.docker), quoted(ruleset.bridges.others)
    known = f"iifname != {{ {others} }} " if others else ""
    yield f"iifname {{ {quoted(('lo', *docker))} }} accept"
    # By the prefix, not only existing ones: a network that Docker creates later works at once.
    yield f'{known}iifname "{bridges.PREFIX}*" accept'
    # This holds within an established connection too: no host may answer from another's address.
    yield "fib saddr type local drop"
    for network in ruleset.vpn_networks:
        yield f'iifname != "{ruleset.vpn}" {_family(network)} saddr {network} drop'
    yield "ct state established,related accept"
    # Answers to this host's own DHCP requests (RFC 2131 section 4.1, RFC 8415 section 7.2): no route is there yet.
    yield "udp sport 67 udp dport 68 accept"
    yield "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept"
    # A private network on another link. Answers are allowed above: with several uplinks they may return by another.
    yield f"ip saddr {{ {_PRIVATE4} }} fib saddr . mark . iif oif missing drop"
    yield f"ip6 saddr {_PRIVATE6} fib saddr . mark . iif oif missing drop"
    if ruleset.vpn:
        # Its clients are the owner's: they reach every port at the VPN's address.
        yield f'iifname "{ruleset.vpn}" fib daddr . iif type local accept'
    yield f"fib daddr type {{ local, broadcast, anycast, multicast }} goto {LAST_CHAIN}"
    # A connection from outside to a container or a VPN client exists only through a port of this host.
    yield f"fib daddr oifname {{ {quoted(docker)} }} drop"
    known = f"fib daddr oifname != {{ {others} }} " if others else ""
    yield f'{known}fib daddr oifname "{bridges.PREFIX}*" drop'
    if ruleset.vpn:
        yield f'iifname != "{ruleset.vpn}" fib daddr oifname "{ruleset.vpn}" drop'


def _host(ruleset: Ruleset) -> Iterator[str]:
    """Yield what reaches this host from outside; the last rule, added by render, drops the rest."""
    yield "ip daddr 127.0.0.0/8 drop"
    yield f"icmp type {{ {ICMP4} }} accept"
    yield f"icmpv6 type {{ {ICMP6} }} accept"
    yield "meta l4proto igmp accept"
    for opening in ruleset.allowed_ports:
        yield f'{_at(opening.address)}{opening.protocol} dport {opening.ports} accept comment "{opening.why}"'
    if ruleset.inside:
        yield from _inside(ruleset.inside)


def _inside(inside: InternalAccess) -> Iterator[str]:
    """Yield the internal side, for the networks behind the interface that has its address."""
    where = _at(inside.address) if inside.address else f'iifname "{inside.interface}" '
    for family in (_family(inside.address),) if inside.address else ("ip", "ip6"):
        # A link-local address is of this link: no router forwards it (RFC 4291 section 2.5.6).
        link = ("fe80::/10",) if family == "ip6" else ()
        sources = ", ".join((*(each for each in inside.networks if _family(each) == family), *link))
        for each in inside.allowed_ports if sources else ():
            who = f"{where}fib daddr . iif type local {family} saddr {{ {sources} }}"
            yield f'{who} {each.protocol} dport {each.ports} accept comment "{each.why}, internal"'


def _at(address: str) -> str:
    """Return the condition for an address of this host; nothing for every address."""
    if not address:
        return ""
    if ipaddress.ip_address(address).is_unspecified:
        return "meta nfproto ipv4 "
    return f"{_family(address)} daddr {address} "


def _family(text: str) -> str:
    return "ip6" if ":" in text else "ip"


def quoted(interfaces: Iterable[str]) -> str:
    """Return names of interfaces as the elements of a set."""
    return ", ".join(f'"{each}"' for each in interfaces)
