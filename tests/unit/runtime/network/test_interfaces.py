from __future__ import annotations

from runtime.network import interfaces
from tests.support.builders.runtime import make_settings

VPN = "wireguard: {{enabled: on, interface: {}, network: 10.12.0.0/24}}\ninternal: {{address: 10.12.0.1}}\n"


def test_the_address_of_an_interface() -> None:
    assert interfaces.address("lo") == "127.0.0.1"


def test_an_interface_that_is_not_there() -> None:
    assert interfaces.address("none0") == ""


def test_settings_that_name_an_address_stay() -> None:
    settings = make_settings()
    assert interfaces.resolved(settings) == (settings, "")


def test_settings_that_follow_an_interface() -> None:
    settings, interface = interfaces.resolved(make_settings("internal: {address: 'auto:lo'}\n"))
    assert settings.internal
    assert (settings.internal.address, interface) == ("127.0.0.1", "lo")


def test_an_interface_that_comes_late() -> None:
    settings, interface = interfaces.resolved(make_settings("internal: {address: 'auto:none0'}\n"))
    assert settings.internal
    assert (settings.internal.address, interface) == ("auto:none0", "none0")


def test_an_interface_that_still_has_its_address() -> None:
    assert interfaces.has_address("lo", "127.0.0.1")
    assert not interfaces.has_address("lo", "192.0.2.1")
    assert not interfaces.has_address("lo", "")
    assert interfaces.has_address("none0", "")
    assert not interfaces.has_address("none0", "127.0.0.1")
    assert interfaces.has_address("", "127.0.0.1")


def test_an_interface_of_the_vpn_that_is_not_up() -> None:
    settings, interface = interfaces.resolved(make_settings(VPN.format("none0")))
    assert settings.internal
    assert (settings.internal.address, interface) == ("auto:none0", "none0")


def test_a_file_of_hosts_needs_no_interface() -> None:
    settings = make_settings(VPN.format("none0"))
    assert interfaces.followed(settings) == (settings, "")
