"""The configuration files of the server and of each client, in the format of wg-quick(8). Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from installer.vpn import addresses, keys
from installer.vpn.clients import VpnClient
from runtime.base import control_characters
from runtime.config.settings import Settings
from runtime.network.addresses import bracketed

# A client behind NAT stays reachable (wg(8), PersistentKeepalive), and its file fits every network.
KEEPALIVE_SECONDS = 25
# Placeholder in the file of a client whose private key is not on this host.
OWN_KEY = "PUT-YOUR-PRIVATE-KEY-HERE"
MARK = "# Shoestring instance: "


@dataclass(frozen=True)
class ServerConfig:
    """The server and its peers."""

    settings: Settings
    private_key: str
    clients: tuple[VpnClient, ...]

    def text(self) -> str:
        """Return the file for wg-quick(8)."""
        vpn = self.settings.wireguard
        head = [
            f"{MARK}{self.settings.instance}",
            "# Made from conf/shoestring.yaml and conf/wireguard/clients/. Do not edit: it is written again.",
            "[Interface]",
            f"Address = {', '.join(addresses.server(self.settings))}",
            f"MTU = {vpn.mtu}",
            *self._interface(),
        ]
        return _joined([head, *(_peer(each, self.settings) for each in self.clients)])

    def stripped(self) -> str:
        """Return the part that wg(8) reads, as `wg-quick strip` prints it."""
        return _joined([["[Interface]", *self._interface()], *(_peer(each, self.settings) for each in self.clients)])

    def _interface(self) -> list[str]:
        return [f"ListenPort = {self.settings.wireguard.port}", f"PrivateKey = {self.private_key}"]


def client_text(settings: Settings, server_public_key: str, client: VpnClient) -> str:
    """Return a client's file. Only the VPN's own networks are routed through the tunnel."""
    vpn = settings.wireguard
    interface = [
        f"# {client.name} at {settings.domain}",
        "[Interface]",
        f"PrivateKey = {client.private_key or OWN_KEY}",
        f"Address = {', '.join(host_networks(client, settings))}",
        *_names(settings),
        f"MTU = {vpn.mtu}",
    ]
    server = [
        "[Peer]",
        f"PublicKey = {server_public_key}",
        f"PresharedKey = {client.preshared_key}",
        f"Endpoint = {endpoint(settings)}",
        f"AllowedIPs = {', '.join(addresses.networks(settings))}",
        f"PersistentKeepalive = {KEEPALIVE_SECONDS}",
    ]
    return _joined([interface, server])


def endpoint(settings: Settings) -> str:
    """Return the host and port that clients connect to, with an IPv6 address in brackets."""
    return f"{bracketed(settings.endpoint)}:{settings.wireguard.port}"


def server_public_key(private: str) -> str:
    """Return the server's public key; empty if it has no key yet."""
    return keys.public_of(private) if private else ""


def _names(settings: Settings) -> list[str]:
    """Return the DNS line: the resolver at the internal address, and the internal domain as the search domain."""
    if settings.internal is None:
        return []
    return [f"DNS = {settings.internal.address}, {settings.internal_domain}"]


def _peer(client: VpnClient, settings: Settings) -> list[str]:
    """Return a client's section in the server's file: never its private key."""
    return [
        f"# {client.name}",
        "[Peer]",
        f"PublicKey = {client.public_key}",
        f"PresharedKey = {client.preshared_key}",
        f"AllowedIPs = {', '.join(host_networks(client, settings))}",
    ]


def host_networks(client: VpnClient, settings: Settings) -> list[str]:
    """Return a client's addresses as networks of one address, without those of an IP version that the VPN lacks."""
    families = {ipaddress.ip_network(each).version for each in addresses.networks(settings)}
    parsed = (ipaddress.ip_address(each) for each in client.addresses)
    return [f"{each}/{each.max_prefixlen}" for each in parsed if each.version in families]


def _joined(blocks: list[list[str]]) -> str:
    control_characters.refuse(blocks, "WireGuard")
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)
