from __future__ import annotations

import pytest

from installer.vpn import configuration, keys
from installer.vpn.clients import VpnClient
from installer.vpn.configuration import ServerConfig
from tests.support.builders.runtime import make_settings
from tests.support.builders.vpn import LAPTOP, VPN, key


def test_the_servers_file() -> None:
    settings = make_settings(VPN)
    found = ServerConfig(settings, key("S"), (LAPTOP,)).text()
    assert found == (
        "# Shoestring instance: shoestring\n"
        "# Made from conf/shoestring.yaml and conf/wireguard/clients/. Do not edit: it is written again.\n"
        "[Interface]\n"
        "Address = 10.12.0.1/24, fd12::1/64\n"
        "MTU = 1420\n"
        "ListenPort = 51820\n"
        f"PrivateKey = {key('S')}\n"
        "\n"
        "# laptop\n"
        "[Peer]\n"
        f"PublicKey = {key('p')}\n"
        f"PresharedKey = {key('s')}\n"
        "AllowedIPs = 10.12.0.2/32, fd12::2/128\n"
    )


def test_a_clients_private_key_is_in_its_own_file_alone() -> None:
    settings = make_settings(VPN)
    server = ServerConfig(settings, key("S"), (LAPTOP,))
    assert LAPTOP.private_key not in server.text() + server.stripped()
    theirs = configuration.client_text(settings, key("q"), LAPTOP)
    assert LAPTOP.private_key in theirs
    assert key("S") not in theirs


def test_what_wg_takes_has_nothing_of_wg_quick() -> None:
    found = ServerConfig(make_settings(VPN), key("S"), (LAPTOP,)).stripped()
    names = {line.partition(" = ")[0] for line in found.splitlines() if " = " in line}
    assert names == {"ListenPort", "PrivateKey", "PublicKey", "PresharedKey", "AllowedIPs"}


def test_a_clients_file() -> None:
    found = configuration.client_text(make_settings(VPN), key("q"), LAPTOP)
    assert found == (
        "# laptop at example.com\n"
        "[Interface]\n"
        f"PrivateKey = {key('P')}\n"
        "Address = 10.12.0.2/32, fd12::2/128\n"
        "DNS = 10.12.0.1, internal.example.com\n"
        "MTU = 1420\n"
        "\n"
        "[Peer]\n"
        f"PublicKey = {key('q')}\n"
        f"PresharedKey = {key('s')}\n"
        "Endpoint = 203.0.113.7:51820\n"
        "AllowedIPs = 10.12.0.0/24, fd12::/64\n"
        "PersistentKeepalive = 25\n"
    )


def test_a_vpn_without_ipv6_has_none_anywhere_also_with_clients_of_before() -> None:
    """A route to their addresses could not be made at boot where the kernel has none."""
    settings = make_settings(VPN.replace("fd12::/64", ""))
    for text in (
        ServerConfig(settings, key("S"), (LAPTOP,)).text(),
        ServerConfig(settings, key("S"), (LAPTOP,)).stripped(),
        configuration.client_text(settings, key("q"), LAPTOP),
    ):
        assert "10.12.0.2/32\n" in text
        assert "fd12" not in text


def test_a_client_whose_private_key_never_came_here() -> None:
    own = VpnClient(
        name="phone", made="", addresses=("10.12.0.3",), public_key=key("p"), preshared_key=key("s"), private_key=""
    )
    found = configuration.client_text(make_settings(VPN), key("q"), own)
    assert f"PrivateKey = {configuration.OWN_KEY}\n" in found


def test_an_internal_side_that_is_off_answers_no_names() -> None:
    text = "internal: off\nwireguard: {enabled: on}\n"
    assert "DNS" not in configuration.client_text(make_settings(text), key("q"), LAPTOP)


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [("vpn.example.com", "vpn.example.com:51820"), ("2001:db8::7", "[2001:db8::7]:51820")],
)
def test_an_endpoint(host: str, endpoint: str) -> None:
    assert configuration.endpoint(make_settings(f"wireguard: {{endpoint: '{host}'}}\n")) == endpoint


def test_the_servers_public_key() -> None:
    assert configuration.server_public_key("") == ""
    private = keys.generate_private()
    assert configuration.server_public_key(private) == keys.public_of(private)
