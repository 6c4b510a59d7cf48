"""IPv6 with the client's address: a small HAProxy in the host's own network, before the proxy of a side.

Docker forwards IPv6 connections by a process of its own wherever a network has no IPv6 (that is its default), and a
container then sees the bridge's address instead of the client's. So nothing is published by IPv6: this listens on the
host itself, and forwards connections through a socket file, with the client's address first (PROXY protocol,
https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt). IPv4 is forwarded by address translation, which keeps
the client's address.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from runtime.base import control_characters
from runtime.base.paths import RunPaths, Side
from runtime.config.internal_address import configured
from runtime.config.request_limits import PERIOD_SECONDS, RequestLimits
from runtime.config.settings import Settings
from runtime.docker.hardening import Hardening
from runtime.docker.projects import bind
from runtime.proxy.container import SOCKETS_MOUNT

EVERY, EVERY_IPV4 = "::", "0.0.0.0"  # noqa: S104 - as in the user's settings
# 8 MB when idle; the proxy behind it has the limit of connections.
MEMORY_LIMIT = "64m"
# To bind ports below 1024 of the host takes a capability. HAProxy drops it with its user once it has them.
CAPABILITIES = ("NET_BIND_SERVICE", "SETUID", "SETGID")
HARDENING = Hardening(MEMORY_LIMIT, 16, "0:0", CAPABILITIES, log_size="1m")
# The configuration comes in by the environment: it is a part of the container's definition, and no file has to be
# re-created. No time-out is shorter than those of the proxy behind it, which ends what is too slow.
# $$ is Compose's way to write a $.
COMMAND = "exec haproxy -db -f /dev/stdin <<END\n$$CONFIGURATION\nEND"
BEGIN = """\
global
    log stdout format raw local0
    uid {uid}
    gid {gid}
    nbthread 1
    maxconn 1000
defaults
    mode tcp
    log global
    option dontlog-normal
    timeout connect 5s
    timeout client 25h
    timeout server 25h
    retries 10
"""
LISTEN = """\
listen port-{inside}
{binds}
{limits}\
    server proxy unix@{mount}/{inside}.sock send-proxy-v2
"""
# Both ports count as one.
CLIENTS = f"""\
backend clients
    stick-table type ipv6 size 20k expire 1m store conn_cur,conn_rate({PERIOD_SECONDS}s)
"""


def service_name(side: Side) -> str:
    """Return the Compose service that stands before a side's proxy."""
    return f"haproxy-{side}-ipv6"


def published(address: str) -> str:
    """Return the address that Docker publishes the proxy's ports at; empty if there is nothing to publish."""
    if address == EVERY:
        return EVERY_IPV4
    return "" if ":" in address else address


def addresses(settings: Settings, side: Side, address: str) -> tuple[str, ...]:
    """Return where a side that listens at `address` is served by IPv6: there, and at the VPN's second address."""
    if not address:
        return ()
    own = (address,) if ":" in address else ()
    vpn = vpn_address(settings) if side is Side.INTERNAL else ""
    return tuple(dict.fromkeys((*own, *((vpn,) if vpn else ()))))


def vpn_address(settings: Settings) -> str:
    """Return this host's IPv6 address in the VPN; empty if it has none."""
    vpn = settings.wireguard
    return address_in(vpn.network6, settings) if vpn.enabled and vpn.network6 else ""


def address_in(network: str, settings: Settings) -> str:
    """Return this host's address in a network of the VPN: `internal.address` if it is in it, else the first one."""
    found, internal = ipaddress.ip_network(network), configured(settings).address
    return internal if internal and ipaddress.ip_address(internal) in found else str(found[1])


def service(
    side: Side,
    listening: tuple[str, ...],
    image: str,
    ports: list[tuple[int, int]],
    user: tuple[int, int],
    run: RunPaths,
    limits: RequestLimits | None = None,
) -> dict[str, Any]:
    """Return the service for Compose, without its labels.

    `listening` are the IPv6 addresses, `ports` pairs of the port outside and the container's. Connections over
    `limits` end here, before their TLS handshake.
    """
    return {
        "image": image,
        "entrypoint": ["sh", "-c", COMMAND],
        "environment": {"CONFIGURATION": _configuration(listening, ports, user, limits).replace("$", "$$")},
        "network_mode": "host",
        **HARDENING.compose_service(),
        "volumes": [bind(str(run.proxy(side)), SOCKETS_MOUNT, read_only=True)],
    }


def _configuration(
    listening: tuple[str, ...],
    ports: list[tuple[int, int]],
    user: tuple[int, int],
    limits: RequestLimits | None = None,
) -> str:
    control_characters.refuse(listening, "IPv6 addresses")
    parts = [BEGIN.format(uid=user[0], gid=user[1])]
    for outside, inside in ports:
        binds = "\n".join(f"    bind [{each}]:{outside} v6only" for each in listening)
        limited = _limits(limits) if limits else ""
        parts.append(LISTEN.format(inside=inside, binds=binds, mount=SOCKETS_MOUNT, limits=limited))
    return "".join(parts) + (CLIENTS if limits else "")


def _limits(limits: RequestLimits) -> str:
    """Return the rules for connections, which are those of the proxy's template."""
    exempt = f"src {' '.join(limits.exempt)}" if limits.exempt else "always_false"
    rules = [f"acl exempt {exempt}", "tcp-request connection track-sc0 src,ipmask(32,64) table clients unless exempt"]
    if limits.connections:
        rules.append(f"tcp-request connection reject if {{ sc_conn_cur(0) gt {limits.connections} }}")
    if limits.connections_per_second:
        most = limits.connections_per_second * PERIOD_SECONDS
        rules.append(f"tcp-request connection reject if {{ sc_conn_rate(0) gt {most} }}")
    return "".join(f"    {rule}\n" for rule in rules)
