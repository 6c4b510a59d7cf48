from __future__ import annotations

import pytest

from installer.vpn import configuration, keys
from installer.vpn.clients import VpnClient
from installer.vpn.configuration import ServerConfig
from tests.support.builders.runtime import make_settings
from tests.support.builders.vpn import LAPTOP, VPN, key


def test_server_config_text() -> None:
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


def test_private_key_is_only_in_client_text() -> None:
    settings = make_settings(VPN)
    server = ServerConfig(settings, key("S"), (LAPTOP,))
    assert LAPTOP.private_key not in server.text() + server.stripped()
    theirs = configuration.client_text(settings, key("q"), LAPTOP)
    assert LAPTOP.private_key in theirs
    assert key("S") not in theirs


def test_server_config_stripped_of_wg_quick_keys() -> None:
    found = ServerConfig(make_settings(VPN), key("S"), (LAPTOP,)).stripped()
    names = {line.partition(" = ")[0] for line in found.splitlines() if " = " in line}
    assert names == {"ListenPort", "PrivateKey", "PublicKey", "PresharedKey", "AllowedIPs"}


def test_client_text() -> None:
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


def test_configuration_without_ipv6() -> None:
    """Without IPv6 in the kernel a route to such an address fails at boot."""
    settings = make_settings(VPN.replace("fd12::/64", ""))
    for text in (
        ServerConfig(settings, key("S"), (LAPTOP,)).text(),
        ServerConfig(settings, key("S"), (LAPTOP,)).stripped(),
        configuration.client_text(settings, key("q"), LAPTOP),
    ):
        assert "10.12.0.2/32\n" in text
        assert "fd12" not in text


def test_client_text_without_private_key() -> None:
    own = VpnClient(
        name="phone", made="", addresses=("10.12.0.3",), public_key=key("p"), preshared_key=key("s"), private_key=""
    )
    found = configuration.client_text(make_settings(VPN), key("q"), own)
    assert f"PrivateKey = {configuration.OWN_KEY}\n" in found


def test_client_text_without_internal_side_has_no_dns() -> None:
    text = "internal: off\nwireguard: {enabled: on}\n"
    assert "DNS" not in configuration.client_text(make_settings(text), key("q"), LAPTOP)


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [("vpn.example.com", "vpn.example.com:51820"), ("2001:db8::7", "[2001:db8::7]:51820")],
)
def test_endpoint_of_settings(host: str, endpoint: str) -> None:
    assert configuration.endpoint(make_settings(f"wireguard: {{endpoint: '{host}'}}\n")) == endpoint


def test_server_public_key() -> None:
    assert configuration.server_public_key("") == ""
    private = keys.generate_private()
    assert configuration.server_public_key(private) == keys.public_of(private)
