from __future__ import annotations

import pytest

from runtime.config import internal_address
from runtime.config.internal_address import InternalAddress
from tests.support.builders.runtime import make_settings

VPN = "wireguard: {{enabled: on, interface: {}, network: {}}}\ninternal: {{address: {}}}\n"


def test_observe_without_internal_side() -> None:
    settings = make_settings("internal: off\n")
    assert internal_address.observe(settings) == InternalAddress()
    assert not InternalAddress().is_served
    assert not InternalAddress().is_loopback


def test_observe_fixed_address() -> None:
    found = internal_address.observe(make_settings())
    assert found == InternalAddress("127.0.0.1")
    assert found.is_served
    assert found.is_loopback


def test_configured_followed_interface_has_no_address() -> None:
    settings = make_settings("internal: {address: 'auto:lo'}\n")
    assert internal_address.configured(settings) == InternalAddress("", "lo")


@pytest.mark.parametrize(("interface", "address"), [("lo", "127.0.0.1"), ("none0", "")])
def test_observe_followed_interface(interface: str, address: str) -> None:
    found = internal_address.observe(make_settings(f"internal: {{address: 'auto:{interface}'}}\n"))
    assert found == InternalAddress(address, interface)
    assert found.is_served is bool(address)


def test_observe_vpn_interface_is_down() -> None:
    settings = make_settings(VPN.format("none0", "10.12.0.0/24", "10.12.0.1"))
    found = internal_address.observe(settings)
    assert found == InternalAddress("10.12.0.1", "none0", is_up=False)
    assert not found.is_served
    assert internal_address.follow(settings) == InternalAddress("10.12.0.1")
