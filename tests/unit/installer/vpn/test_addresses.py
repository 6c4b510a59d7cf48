from __future__ import annotations

import pytest

from installer.vpn import addresses
from runtime.base.errors import UsageError
from runtime.config.settings import Settings
from tests.support.builders.runtime import make_settings


def settings(network: str = "10.12.0.0/24", network6: str = "", address: str = "10.12.0.1") -> Settings:
    return make_settings(
        f"internal: {{address: '{address}'}}\n"
        f"wireguard: {{enabled: on, network: {network}, network6: '{network6}'}}\n"
    )


def test_the_server_has_the_internal_address_and_the_first_of_the_other_network() -> None:
    assert addresses.server(settings(network6="fd12::/64")) == ("10.12.0.1/24", "fd12::1/64")
    assert addresses.server(settings(network6="fd12::/64", address="fd12::9")) == ("10.12.0.1/24", "fd12::9/64")
    assert addresses.server(settings(address="10.12.0.7")) == ("10.12.0.7/24",)


def test_the_lowest_free_address_of_each_network() -> None:
    both = settings(network6="fd12::/64")
    assert addresses.allocate(both, ()) == ("10.12.0.2", "fd12::2")
    assert addresses.allocate(both, ("10.12.0.2", "fd12::2", "10.12.0.4")) == ("10.12.0.3", "fd12::3")
    assert addresses.allocate(settings(address="10.12.0.2"), ()) == ("10.12.0.1",)


def test_a_client_keeps_its_addresses_while_they_are_in_the_networks() -> None:
    both = settings(network6="fd12::/64")
    assert addresses.fitting(both, ("10.12.0.7", "fd12::7"), ("10.12.0.7", "fd12::7")) == ("10.12.0.7", "fd12::7")
    # Of another network before, of one family before, and where the server is now.
    for before in (("10.13.0.7", "fd12::7"), ("fd12::7",), ("10.12.0.1", "fd12::7")):
        assert addresses.fitting(both, before, (*before, "10.12.0.2")) == ("10.12.0.3", "fd12::7")
    assert addresses.fitting(settings(), ("10.12.0.7", "fd12::7"), ()) == ("10.12.0.7",)


def test_an_exhausted_network() -> None:
    small = settings("10.12.0.0/30")
    assert addresses.allocate(small, ()) == ("10.12.0.2",)
    with pytest.raises(UsageError, match=r"^All addresses of 10.12.0.0/30 are in use. Remove a client "):
        addresses.allocate(small, ("10.12.0.2",))


def test_a_network_of_unique_local_addresses() -> None:
    assert addresses.ula_network(bytes.fromhex("0123456789")) == "fd01:2345:6789::/64"
    made = addresses.ula_network(bytes.fromhex("ffffffffff"))
    assert make_settings(f"wireguard: {{network6: '{made}'}}\n").wireguard.network6 == made
    with pytest.raises(ValueError, match="40 bits"):
        addresses.ula_network(bytes(4))
