"""The JSON answers of `shoestring vpn`. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from installer.vpn import addresses, configuration
from installer.vpn.clients import VpnClient
from installer.vpn.operations import VpnOverview
from installer.vpn.ssh_tunnel import SshTunnel
from runtime.base.formats import rfc3339
from runtime.config.settings import Settings


@dataclass(frozen=True)
class ClientEntry:
    """A client and its traffic."""

    name: str
    addresses: Annotated[tuple[str, ...], "in the VPN"]
    public_key: str
    made: Annotated[str, "when it was added (RFC 3339)"]
    handshake: Annotated[str | None, "the last one (RFC 3339); null if there was none"]
    received_bytes: Annotated[int, "bytes that this host received from it"]
    sent_bytes: Annotated[int, "bytes that this host sent to it"]
    from_: Annotated[str | None, "its address and port; null if it never connected"]

    @classmethod
    def of(cls, client: VpnClient, overview: VpnOverview) -> ClientEntry:
        """Return the entry of a client."""
        peer = overview.live.peer(client.public_key) if overview.live else None
        return cls(
            name=client.name,
            addresses=client.addresses,
            public_key=client.public_key,
            made=client.made,
            handshake=rfc3339(peer.handshake) if peer and peer.handshake else None,
            received_bytes=peer.received if peer else 0,
            sent_bytes=peer.sent if peer else 0,
            from_=peer.endpoint if peer and peer.endpoint else None,
        )


@dataclass(frozen=True)
class ClientsJson:
    """The clients of the VPN, without their private keys."""

    clients: tuple[ClientEntry, ...]
    problem: Annotated[str, "what is wrong with the VPN; empty if it runs as configured"]

    @classmethod
    def of(cls, overview: VpnOverview) -> ClientsJson:
        """Return the result of `vpn list`."""
        return cls(tuple(ClientEntry.of(each, overview) for each in overview.clients), overview.problem)


@dataclass(frozen=True)
class ClientPreviewJson:
    """A client that would be added or removed. The key of a new one is not the one that it will get."""

    name: str
    addresses: Annotated[tuple[str, ...], "in the VPN"]
    public_key: str
    made: Annotated[str, "when it was added (RFC 3339)"]
    endpoint: Annotated[str, "where it connects to: host and port"]

    @classmethod
    def of(cls, client: VpnClient, settings: Settings) -> ClientPreviewJson:
        """Return the result of a dry run of `vpn add` or `vpn remove`."""
        where = configuration.endpoint(settings)
        return cls(client.name, client.addresses, client.public_key, client.made, where)


@dataclass(frozen=True)
class ClientJson(ClientPreviewJson):
    """A client with its configuration."""

    file: Annotated[str, "the text of its configuration, with its keys: keep it secret"]

    @classmethod
    def of_file(cls, client: VpnClient, text: str, settings: Settings) -> ClientJson:
        """Return the result of `vpn add` and `vpn show`."""
        where = configuration.endpoint(settings)
        return cls(client.name, client.addresses, client.public_key, client.made, where, text)


@dataclass(frozen=True)
class ClientRemovalJson:
    """A client whose access is revoked."""

    name: str
    removed: Annotated[bool, "always true"] = True


@dataclass(frozen=True)
class VpnJson:
    """The VPN. With `--dry-run`, `problem` is what would be repaired, and empty if nothing would."""

    ok: Annotated[bool, "it runs as configured"]
    interface: str
    up: Annotated[bool, "the interface is up"]
    addresses: Annotated[tuple[str, ...], "of this host in the VPN, with prefix lengths"]
    endpoint: Annotated[str, "where clients connect to: host and port"]
    public_key: Annotated[str, "of this host; empty if it has none yet"]
    clients: Annotated[int, "the number of clients"]
    connected: Annotated[int, "the number of clients that are connected"]
    problem: Annotated[str, "what is wrong; empty if it runs as configured"]

    @classmethod
    def of(cls, overview: VpnOverview, now: float) -> VpnJson:
        """Return the result of `vpn status` and `vpn apply`. `now` is in seconds since the epoch."""
        settings = overview.settings
        return cls(
            ok=not overview.problem,
            interface=settings.wireguard.interface,
            up=overview.is_up,
            addresses=addresses.server(settings),
            endpoint=configuration.endpoint(settings),
            public_key=overview.public_key,
            clients=len(overview.clients),
            connected=sum(each.is_connected(now) for each in overview.live.peers) if overview.live else 0,
            problem=overview.problem,
        )


@dataclass(frozen=True)
class VpnRemovalJson:
    """The VPN is off in the settings; its interface is removed, or would be with `--dry-run`."""

    ok: Annotated[bool, "always true"]
    interface: str
    up: Annotated[bool, "always false"]

    @classmethod
    def of(cls, settings: Settings) -> VpnRemovalJson:
        """Return the result of `vpn apply` where the VPN is off."""
        return cls(ok=True, interface=settings.wireguard.interface, up=False)


@dataclass(frozen=True)
class TunnelJson:
    """Access to the internal side without a VPN."""

    command: Annotated[tuple[str, ...], "the words of the SSH command"]
    address: Annotated[str, "the address in the lines of the hosts file"]
    ports: Annotated[tuple[int, ...], "the ports of the internal side"]
    host_names: Annotated[tuple[str, ...], "the names in the lines of the hosts file"]
    wildcards: Annotated[tuple[str, ...], "names that no hosts file can hold"]

    @classmethod
    def of(cls, tunnel: SshTunnel, address: str) -> TunnelJson:
        """Return the result of `vpn tunnel` and `vpn hosts`."""
        return cls(tunnel.command, address, tunnel.ports, tunnel.host_names, tunnel.wildcards)
