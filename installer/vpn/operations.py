"""Add, remove and apply: the files first, then the running interface. Each is idempotent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from installer.host import wireguard
from installer.host.wireguard import BootState, WireGuardInterface, WireGuardLink
from installer.vpn import (
    addresses,
    client_request,
    clients,
    configuration,
    drift,
    endpoint,
    keys,
    managed_interfaces,
    peers,
    subnet_conflicts,
)
from installer.vpn.client_request import ClientRequest
from installer.vpn.clients import VpnClient
from installer.vpn.configuration import ServerConfig
from installer.vpn.drift import ObservedVpn
from installer.vpn.peers import RunningInterface
from runtime.base import files
from runtime.base.errors import ShoestringError, UsageError
from runtime.base.failpoints import failpoint
from runtime.base.paths import Paths, RunPaths
from runtime.config.settings import Settings

FIRST_CLIENT = "laptop"


@dataclass(frozen=True)
class Vpn:
    """One instance's VPN. `timeout` is how long to wait for another command, in seconds."""

    paths: Paths
    settings: Settings
    timeout: float = 0.0

    @property
    def interface_name(self) -> str:
        """Return the name of the network interface."""
        return self.settings.wireguard.interface

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the VPN's lock."""
        with files.lock(RunPaths(self.settings.instance).vpn_lock, self.timeout):
            yield


@dataclass(frozen=True)
class VpnOverview:
    """The VPN in its files and on this host. `problem` is a sentence if they differ."""

    settings: Settings
    public_key: str
    clients: tuple[VpnClient, ...]
    seen: ObservedVpn
    problem: str

    @property
    def live(self) -> RunningInterface | None:
        """Return the interface as WireGuard reports it; None if it does not exist."""
        return self.seen.live

    @property
    def link(self) -> WireGuardLink | None:
        """Return the interface as the kernel reports it; None if it does not exist."""
        return self.seen.link

    @property
    def is_up(self) -> bool:
        """Return whether the interface exists and is up."""
        return self.live is not None and self.link is not None and self.link.is_up


def open_vpn(paths: Paths, settings: Settings, timeout: float = 0.0) -> Vpn:
    """Return the VPN of a data directory. Raises UsageError if it is off in the settings."""
    if not settings.wireguard.enabled:
        raise UsageError(
            "The VPN is off. Switch it on in conf/shoestring.yaml: wireguard.enabled: on, and internal.address: "
            f"{addresses.server(settings)[0].partition('/')[0]}. See docs/vpn.md."
        )
    return Vpn(paths, settings, timeout)


def add(vpn: Vpn, request: ClientRequest, clock: Callable[[], float] = time.time) -> VpnClient:
    """Add a client to the files and the running interface. Raises UsageError, and then changes nothing."""
    with vpn.locked():
        client, private = _prepared(vpn, request, clock)
        if not clients.read_server_key(vpn.paths):
            clients.write_server_key(vpn.paths, private)
        before = clients.read_all(vpn.paths)
        clients.write(vpn.paths, client)
        failpoint("vpn-written")
        try:
            _converge(vpn, clients.read_all(vpn.paths))
        except ShoestringError:
            # The interface may have the client already.
            with suppress(ShoestringError):
                _converge(vpn, before)
            clients.remove(vpn.paths, client.name)
            raise
    return client


def preview(vpn: Vpn, request: ClientRequest, clock: Callable[[], float] = time.time) -> VpnClient:
    """Return the client that `add` would add, with other keys. Changes nothing. Raises as `add` does."""
    return _prepared(vpn, request, clock)[0]


def remove(vpn: Vpn, name: str) -> VpnClient:
    """Remove a client and revoke its access. Raises UsageError if there is none with that name."""
    with vpn.locked():
        known = clients.read_all(vpn.paths)
        # The access first: killed at any moment, it leaves no client that has access and is not listed.
        # Also if there is no such client: a peer that has access without a file loses it.
        if clients.read_server_key(vpn.paths):
            _converge(vpn, tuple(each for each in known if each.name != name))
        if any(each.name == name for each in known):
            failpoint("vpn-removed")
            clients.remove(vpn.paths, name)
    return clients.find(known, name)


def apply(vpn: Vpn) -> VpnOverview:
    """Apply the settings and the clients' files to the interface. Generates the server's key if there is none.

    Raises UsageError if the networks conflict with this host's, and then changes nothing.
    """
    with vpn.locked():
        _check_subnets(vpn)
        private = clients.read_server_key(vpn.paths)
        known = clients.read_all(vpn.paths)
        wireguard.check_possible(_interface(vpn, private or keys.generate_private(), known))
        fitting = _with_addresses(vpn.settings, known)
        if not private:
            clients.write_server_key(vpn.paths, keys.generate_private())
        for each in fitting:
            if each not in known:
                clients.write(vpn.paths, each)
        _converge(vpn, fitting)
    return overview(vpn)


def set_up(vpn: Vpn) -> tuple[str, str]:
    """Start the VPN, and add a first client if there is none.

    Returns what was done, and a sentence if the user has to act, else an empty text.
    """
    found = apply(vpn)
    up = f"{vpn.interface_name} up"
    if found.clients:
        return up, ""
    # A new domain may not resolve to this host yet; the client's file is right as soon as it does.
    add(vpn, ClientRequest(FIRST_CLIENT, skip_endpoint_check=True))
    wrong = endpoint.check(vpn.settings.endpoint)
    note = f"{wrong} Correct it, or choose another wireguard.endpoint, before clients can connect." if wrong else ""
    return f'{up}, client "{FIRST_CLIENT}" added: shoestring vpn show {FIRST_CLIENT}', note


def client_file(vpn: Vpn, client: VpnClient) -> str:
    """Return the file of a client."""
    public = configuration.server_public_key(clients.read_server_key(vpn.paths))
    return configuration.client_text(vpn.settings, public, client)


def overview(vpn: Vpn) -> VpnOverview:
    """Read the files and observe the interface. Changes nothing."""
    known = clients.read_all(vpn.paths)
    private = clients.read_server_key(vpn.paths)
    public = configuration.server_public_key(private)
    live = peers.parse_dump(wireguard.dump(vpn.interface_name))
    link = wireguard.link(vpn.interface_name)
    boot = wireguard.boot(_interface(vpn, private, known)) if private else BootState(is_written=False)
    seen = ObservedVpn(live, link, boot, managed_interfaces.former(vpn.paths, vpn.settings))
    return VpnOverview(vpn.settings, public, known, seen, drift.problem(vpn.settings, public, known, seen))


def _prepared(vpn: Vpn, request: ClientRequest, clock: Callable[[], float]) -> tuple[VpnClient, str]:
    """Return the new client and the server's private key, a new one if there is none, after all checks."""
    known = clients.read_all(vpn.paths)
    private = clients.read_server_key(vpn.paths) or keys.generate_private()
    client = client_request.create(vpn.settings, request, known, keys.public_of(private), clock())
    wrong = "" if request.skip_endpoint_check else endpoint.check(vpn.settings.endpoint)
    if wrong:
        raise UsageError(f"{wrong} Set wireguard.endpoint in conf/shoestring.yaml, or add --skip-endpoint-check.")
    _check_subnets(vpn)
    wireguard.check_possible(_interface(vpn, private, known))
    return client, private


def _with_addresses(settings: Settings, known: tuple[VpnClient, ...]) -> tuple[VpnClient, ...]:
    """Return the clients, each with an address in each network: the networks may have changed in the settings."""
    taken = {address for each in known for address in each.addresses}
    found = []
    for each in known:
        found.append(replace(each, addresses=addresses.fitting(settings, each.addresses, taken)))
        taken.update(found[-1].addresses)
    return tuple(found)


def _check_subnets(vpn: Vpn) -> None:
    """Raise UsageError if the networks of the settings conflict with this host's."""
    found = subnet_conflicts.on_host(
        vpn.settings, (vpn.interface_name, *managed_interfaces.former(vpn.paths, vpn.settings))
    )
    if found:
        raise UsageError("\n".join(found))


def _converge(vpn: Vpn, known: tuple[VpnClient, ...]) -> None:
    """Update the original, the host's copy and the running interface, with these clients."""
    interface = _interface(vpn, clients.read_server_key(vpn.paths), known)
    wireguard.check_possible(interface)
    # They occupy the port and the addresses that this one needs.
    for old in managed_interfaces.former(vpn.paths, vpn.settings):
        files.remove(vpn.paths.wireguard / f"{old}.conf")
        wireguard.remove(old)
    files.write(vpn.paths.wireguard / f"{interface.name}.conf", interface.text, clients.FILE_MODE)
    wireguard.apply(interface)


def _interface(vpn: Vpn, private: str, known: tuple[VpnClient, ...]) -> WireGuardInterface:
    server = ServerConfig(vpn.settings, private, known)
    return WireGuardInterface(
        name=vpn.interface_name,
        addresses=addresses.server(vpn.settings),
        mtu=vpn.settings.wireguard.mtu,
        text=server.text(),
        stripped=server.stripped(),
        mark=managed_interfaces.mark(vpn.settings),
        public_key=keys.public_of(private),
    )
