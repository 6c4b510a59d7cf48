from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base import yaml_documents
from runtime.base.errors import ExitCode, SettingsError
from runtime.base.paths import Side
from runtime.config import settings
from runtime.config.dns_resolver import Resolver
from runtime.config.listen_address import FixedAddress, FollowedInterface
from tests.support.builders.runtime import make_settings


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        settings.from_document(yaml_documents.parse(Path("shoestring.yaml"), text))
    assert error.value.exit_code == ExitCode.USAGE
    return str(error.value).splitlines()


def test_from_document_defaults() -> None:
    found = make_settings()
    assert found.instance == "shoestring"
    assert found.internal_domain == "internal.example.com"
    assert found.sides == (Side.PUBLIC, Side.INTERNAL)
    assert found.network_names == ("main", "internal")
    assert found.docker_network("main") == "shoestring_main"
    assert found.internal
    assert found.internal.address == FixedAddress("127.0.0.1")


@pytest.mark.parametrize("off", ["off", "'off'", "false"])
def test_from_document_side_off(off: str) -> None:
    found = make_settings(f"public: {off}\n")
    assert found.public is None
    assert found.sides == (Side.INTERNAL,)
    assert found.network_names == ("internal",)


def test_from_document_reports_all_problems_with_keys() -> None:
    lines = problems(
        "domain: nonsense\npublic: {http_port: 70000}\nacme: {sever: staging}\nimages: {source: registri}\n"
        "networks: {additional: postgres}\n"
    )
    assert lines[0] == "settings: 6 problems in shoestring.yaml"
    assert "  public.http_port: 70000 is not a port (1 to 65535)" in lines
    assert "  acme.sever: unknown key; did you mean acme.server?" in lines
    assert "  email: is missing; where certificate authorities write to" in lines
    assert "  domain: 'nonsense' is not a domain; one looks like example.com" in lines
    assert "  images.source: 'registri' is not one of registry, local; did you mean registry?" in lines
    assert "  networks.additional: 'postgres' is not a list" in lines


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("public: {http_port: 80, https_port: 80}\n", "public.https_port: is the same as public.http_port"),
        ("public: off\ninternal: off\n", "public: public and internal are both off; nothing would run"),
        ("networks: {public: one, internal: one}\n", "networks: two networks have the same name"),
        ("internal: {address: 127.0.0.1, http_port: 443}\n", "internal.http_port: 443 is the public proxy's"),
        ("internal: {address: 0.0.0.0}\n", "internal.address: 0.0.0.0 would open the internal services"),
        ("version: 2\n", "version: 2 is not a version that this Shoestring knows (1)"),
        ("networks: {additional: [a, a]}\n", "networks.additional: has a duplicate item"),
        ("public: 80\n", "public: 80 is not a mapping (key: value)"),
        (
            "acme: {server: 'http://ca.example.com'}\n",
            "acme.server: 'http://ca.example.com' is not one of production",
        ),
        ("instance: Two Words\n", "instance: 'Two Words' is not a name"),
    ],
)
def test_from_document_refuses_invalid_value(text: str, problem: str) -> None:
    lines = problems(f"domain: example.com\nemail: ops@example.com\n{text}")
    assert len(lines) == 2
    assert problem in lines[1]


def test_from_document_same_port_on_another_address() -> None:
    found = make_settings("public: {address: 203.0.113.7}\ninternal: {address: 127.0.0.1, http_port: 80}\n")
    assert found.internal
    assert found.internal.http_port == 80


def test_from_document_refuses_port_taken_on_all_addresses() -> None:
    lines = problems("domain: example.com\nemail: ops@example.com\ninternal: {http_port: 80}\n")
    assert "internal.http_port: 80 is the public proxy's at this address" in lines[1]


def test_from_document_vpn_is_off_by_default() -> None:
    found = make_settings()
    assert found.wireguard.enabled is False
    assert found.wireguard.dns == (Resolver("1.1.1.1"), Resolver("9.9.9.9"))


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("", "example.com"),
        ("public: off\n", "example.com"),
        ("public: {address: 203.0.113.7}\n", "203.0.113.7"),
        # Behind address translation, clients reach the host by its name.
        ("public: {address: 10.0.0.5}\n", "example.com"),
        ("public: {address: 203.0.113.7}\nwireguard: {endpoint: VPN.example.com}\n", "vpn.example.com"),
    ],
)
def test_endpoint_of_vpn_clients(text: str, endpoint: str) -> None:
    assert make_settings(text).endpoint == endpoint


@pytest.mark.parametrize("address", ["10.12.0.1", "10.12.0.9", "fd12:3456:789a::1"])
def test_from_document_accepts_internal_address_in_vpn(address: str) -> None:
    text = f"wireguard: {{enabled: on, network6: 'fd12:3456:789a::/64'}}\ninternal: {{address: '{address}'}}\n"
    assert make_settings(text).wireguard.enabled


@pytest.mark.parametrize("address", ["127.0.0.1", "10.12.1.1", "10.12.0.0", "10.12.0.255", "auto:wg0"])
def test_from_document_refuses_internal_address_outside_vpn(address: str) -> None:
    lines = problems(
        f"domain: a.com\nemail: a@a.com\nwireguard: {{enabled: on}}\ninternal: {{address: '{address}'}}\n"
    )
    assert lines[1] == (
        f"  internal.address: {address} is not a host's address in 10.12.0.0/24, the network of wireguard, so VPN "
        "clients would not reach it; set it to 10.12.0.1, or wireguard.enabled to off"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{enabled: maybe}", "wireguard.enabled: 'maybe' is neither on nor off"),
        ("{network: 10.12.0.1/24}", "wireguard.network: '10.12.0.1/24' is not a network; did you mean 10.12.0.0/24?"),
        ("{network: 10.12.0.0}", "wireguard.network: '10.12.0.0' is not a network; did you mean 10.12.0.0/32?"),
        ("{network: 8.8.8.0/24}", "wireguard.network: '8.8.8.0/24' is not a private IPv4 network"),
        ("{network: 10.12.0.0/31}", "wireguard.network: '10.12.0.0/31' has no address for a client"),
        ("{network6: '2001:db8::/64'}", "wireguard.network6: '2001:db8::/64' is not a network of unique local"),
        ("{endpoint: 'vpn.example.com:51820'}", "wireguard.endpoint: 'vpn.example.com:51820' is not a host name"),
        ("{mtu: 576}", "wireguard.mtu: 576 is not a whole number from 1280 to 8920"),
        ("{interface: 'a/b'}", "wireguard.interface: 'a/b' is not the name of a network interface"),
        ("{dns: maybe}", "wireguard.dns: 'maybe' is not a list"),
        ("{port: 0}", "wireguard.port: 0 is not a port"),
    ],
)
def test_from_document_refuses_invalid_wireguard_value(text: str, problem: str) -> None:
    lines = problems(f"domain: a.com\nemail: a@a.com\nwireguard: {text}\n")
    assert len(lines) == 2
    assert lines[1].strip().startswith(problem)


def test_from_document_followed_interface() -> None:
    found = make_settings("internal: {address: 'auto:tailscale0'}\n")
    assert found.internal
    assert found.internal.address == FollowedInterface("tailscale0")
    assert str(found.internal.address) == "auto:tailscale0"
    lines = problems("domain: a.com\nemail: a@a.com\ninternal: {address: 'auto:no such'}\n")
    assert "'no such' is not the name of a network interface" in lines[1]
    lines = problems("domain: a.com\nemail: a@a.com\ninternal: {address: 'auto:eth1', http_port: 80}\n")
    assert "80 is the public proxy's at this address" in lines[1]


@pytest.mark.parametrize(
    ("text", "public", "internal"),
    [
        ("", "https://a.b", "https://a.b:8444"),
        ("internal: {https_port: 443, address: 10.0.0.5}\npublic: off\n", "https://a.b", "https://a.b"),
        ("internal: {tls: none}\npublic: {https_port: 8443}\n", "https://a.b:8443", "http://a.b:8081"),
        ("internal: {tls: none, http_port: 80, address: 10.0.0.5}\npublic: off\n", "https://a.b", "http://a.b"),
        ("internal: off\n", "https://a.b", "http://a.b"),
    ],
)
def test_url_of(text: str, public: str, internal: str) -> None:
    settings = make_settings(text)
    assert (settings.url_of(Side.PUBLIC, "a.b"), settings.url_of(Side.INTERNAL, "a.b")) == (public, internal)


def test_ports_of_internal_side() -> None:
    with_tls, without = make_settings(), make_settings("internal: {tls: none}\n")
    assert with_tls.internal
    assert without.internal
    assert (with_tls.internal.ports, without.internal.ports) == ((8081, 8444), (8081,))


def test_from_document_limits() -> None:
    found = make_settings("public: {limits: {connections: 0, exempt: [192.0.2.7, '2001:db8::/32']}}\n").public
    assert found
    assert found.limits.connections == 0
    assert found.limits.requests > 0
    assert found.limits.exempt == ("192.0.2.7/32", "2001:db8::/32")


@pytest.mark.parametrize("exempt", ["192.0.2.7/24", "all", "fe80::1%eth0", "7", "''", "10.0.0.0/8\\nx"])
def test_from_document_refuses_invalid_exempt(exempt: str) -> None:
    base = "domain: example.com\nemail: ops@example.com\n"
    found = problems(base + f'public: {{limits: {{exempt: ["{exempt}"]}}}}\n')
    assert "public.limits.exempt" in "".join(found)
    assert "is not a network or an address" in "".join(found)


@pytest.mark.parametrize(
    ("public", "seconds"),
    [("{}", 15_552_000), ("{hsts_seconds: 0}", 0), ("{https_port: 8443}", 0), ("{http_port: 81}", 0)],
)
def test_hsts_at_usual_ports(public: str, seconds: int) -> None:
    found = make_settings(f"public: {public}\n").public
    assert found
    assert found.hsts == seconds
