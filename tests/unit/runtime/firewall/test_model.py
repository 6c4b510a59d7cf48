from __future__ import annotations

import pytest

from runtime.config.published_ports import PublishedPort
from runtime.firewall import model
from runtime.firewall.model import Ruleset
from runtime.network.netlink import LOCAL, UNICAST
from tests.support.builders.runtime import application, broken, desired

PUBLISHES = (
    "services: {application: {image: a, ports: ['9999:80', '127.0.0.1:5000:80', '53:53/udp', '10.0.0.5:6:6']}}\n"
)


def ruleset(*files: str, settings: str = "") -> Ruleset:
    made = desired(*(application(f"a{number}", text) for number, text in enumerate(files)), settings_text=settings)
    return model.build(made.settings, made.known, made.variables, (22,))


def shown(made: Ruleset) -> list[str]:
    return [f"{each} {each.why}" for each in made.allowed_ports]


def test_build_allowed_ports_by_default() -> None:
    assert shown(ruleset()) == ["22/tcp SSH", "80/tcp public proxy", "443/tcp public proxy"]


def test_build_allowed_ports_of_applications_and_vpn() -> None:
    vpn = "wireguard: {enabled: on}\ninternal: {address: 10.12.0.1}\npublic: off\n"
    made = desired(
        application("dns", f"x-open-ports: [53/udp]\n{PUBLISHES}"), settings_text="public: {address: '::'}\n"
    )
    assert "53/udp x-open-ports of dns" in shown(model.build(made.settings, made.known, {}, (22,)))
    assert shown(ruleset(settings=vpn)) == ["22/tcp SSH", "51820/udp WireGuard"]


def test_build_keeps_ports_of_last_accepted_file() -> None:
    good = application("game", "x-open-ports: [25565]\nservices: {application: {image: g}}\n")
    made = desired(broken("game", "services: text\n"), accepted=(good,))
    assert "25565/tcp x-open-ports of game" in shown(model.build(made.settings, made.known, {}, (22,)))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", None),
        ("internal: off\n", None),
        ("wireguard: {enabled: on}\ninternal: {address: 10.12.0.1}\n", None),
        ("internal: {address: 10.0.0.5}\n", ("10.0.0.5", "", ["8081/tcp", "8444/tcp", "6/tcp"])),
        ("internal: {address: 10.0.0.5, tls: none}\n", ("10.0.0.5", "", ["8081/tcp", "6/tcp"])),
        ("internal: {address: 'auto:eth1'}\n", ("", "eth1", ["8081/tcp", "8444/tcp"])),
    ],
)
def test_build_internal_side(settings: str, expected: tuple[str, str, list[str]] | None) -> None:
    inside = ruleset(PUBLISHES, settings=settings).inside
    assert (inside and (inside.address, inside.interface, [str(each) for each in inside.allowed_ports])) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        # Its own network and the networks routed by the same interface, private ones only.
        ("10.0.0.5", ("10.0.0.0/24", "10.20.0.0/15")),
        ("fd00::5", ("10.0.0.0/24", "10.20.0.0/15")),
        ("auto:eth1", ("10.0.0.0/24", "10.20.0.0/15")),
        ("auto:tailscale0", ("100.64.1.2/32", "fd7a:115c:a1e0::/48")),
        # No interface has it yet.
        ("10.0.0.9", ()),
        ("auto:none0", ()),
    ],
)
def test_build_networks_that_reach_internal_side(address: str, expected: tuple[str, ...]) -> None:
    routes = (
        *(("eth1", "10.0.0.5/32", LOCAL), ("eth1", "fd00::5/128", LOCAL), ("eth0", "192.0.2.1/32", LOCAL)),
        *(("eth1", "10.0.0.0/24", UNICAST), ("eth1", "10.0.0.0/25", UNICAST), ("eth1", "203.0.113.0/24", UNICAST)),
        *(("eth1", "10.20.0.0/16", UNICAST), ("eth1", "10.21.0.0/16", UNICAST), ("eth1", "0.0.0.0/1", UNICAST)),
        *(("eth1", "fe80::/64", UNICAST), ("eth0", "10.9.0.0/24", UNICAST)),
        *(("tailscale0", "100.64.1.2/32", UNICAST), ("tailscale0", "fd7a:115c:a1e0::/48", UNICAST)),
    )
    settings = desired(settings_text=f"internal: {{address: '{address}'}}\n").settings
    inside = model.build(settings, (), {}, (22,), routes=routes).inside
    assert inside
    assert inside.networks == expected


@pytest.mark.parametrize(
    ("more", "settings", "expected"),
    [
        ("", "", ["9999/tcp", "53/udp", "6/tcp"]),
        ("x-open-ports: [9999, 53/udp]\n", "", ["6/tcp"]),
        ("x-open-ports: [9990-10000]\n", "internal: {address: 10.0.0.5}\n", ["53/udp"]),
    ],
)
def test_closed_ports_of_application(more: str, settings: str, expected: list[str]) -> None:
    made = desired(settings_text=settings)
    assert [
        str(each) for each in model.closed(application("a", more + PUBLISHES), made.internal_address, {})
    ] == expected


@pytest.mark.parametrize(
    ("public", "port", "expected"),
    [
        ("0.0.0.0", PublishedPort("tcp", 80, 80), True),
        ("0.0.0.0", PublishedPort("tcp", 80, 80, "::"), False),
        ("::", PublishedPort("tcp", 80, 80, "::"), True),
        ("203.0.113.7", PublishedPort("tcp", 80, 80, "203.0.113.7"), True),
        ("203.0.113.7", PublishedPort("tcp", 80, 80, "10.0.0.5"), False),
        ("203.0.113.7", PublishedPort("udp", 80, 80, "203.0.113.7"), False),
        ("203.0.113.7", PublishedPort("tcp", 22, 22, "10.0.0.5"), True),
    ],
)
def test_allows_port(public: str, port: PublishedPort, expected: bool) -> None:
    assert ruleset(settings=f"public: {{address: '{public}'}}\n").allows(port) is expected
