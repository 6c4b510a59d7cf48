"""The isolation: which bridges and ports it is made of."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from runtime.base.paths import Side
from runtime.docker.observed import Network, Observed, parse_containers
from runtime.firewall import isolation
from runtime.firewall.isolation import Isolation
from runtime.firewall.model import AllowedPort
from tests.support.builders.runtime import application, desired

MAIN, INTERNAL, OWN = "0123456789abcdef", "123456789abcdef0", "23456789abcdef01"
NETWORKS = (Network(MAIN, "shoestring_main", "shoestring"), Network(INTERNAL, "shoestring_internal", "shoestring"))
PORTS = (AllowedPort("tcp", 443, 443, ""), AllowedPort("tcp", 6000, 6010, ""), AllowedPort("tcp", 6005, 6020, ""))


@pytest.fixture(autouse=True)
def _no_interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nameindex", list)


def container(**networks: str) -> Observed:
    """Return what the engine says where one container is on these networks, given by name and id."""
    joined = {name: {"NetworkID": key} for name, key in networks.items()}
    listed = parse_containers([{"Id": "1", "Labels": {}, "NetworkSettings": {"Networks": joined}}])
    return Observed(listed, NETWORKS)


def test_build_has_the_bridges_of_all_containers_and_of_our_networks() -> None:
    made = isolation.build(desired(), container(own=OWN, host="9", none="8", bridge="7", gone=""), dict)
    assert made.bridges == ("br-0123456789ab", "br-123456789abc", "br-23456789abcd", "docker0")
    assert made.internal == "br-123456789abc"


def test_build_before_there_are_networks() -> None:
    made = isolation.build(desired(), Observed((), ()), dict)
    assert (made.bridges, made.internal) == ((), "")
    assert "\t\taccept\n" in isolation.render(made).text


def test_build_with_a_bridge_that_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "br-app"), (2, "br-lan")])
    made = isolation.build(desired(), container(own=OWN), lambda: {OWN: "br-app"})
    assert "br-app" in made.bridges
    assert "br-lan" not in made.bridges


@pytest.mark.parametrize(
    ("settings", "addresses"),
    [
        ("", ()),
        ("internal: off\n", ()),
        ("internal: {address: 10.0.0.5}\n", ("10.0.0.5",)),
        ("wireguard: {enabled: on}\ninternal: {address: 10.12.0.1}\n", ("10.12.0.1",)),
        (
            "wireguard: {enabled: on, network6: 'fd12:3456:789a::/64'}\ninternal: {address: 10.12.0.1}\n",
            ("10.12.0.1", "fd12:3456:789a::/64"),
        ),
    ],
)
def test_build_addresses_of_the_internal_side(settings: str, addresses: tuple[str, ...]) -> None:
    assert isolation.build(desired(settings_text=settings), container(), dict).addresses == addresses


def test_build_ports_of_the_internal_side() -> None:
    files = (
        application("game", "services: {application: {image: g, ports: ['10.0.0.5:6:6', '7:7']}}\n"),
        application("db", "x-external-tcp-ports: [5432]\nservices: {application: {image: p}}\n", Side.INTERNAL),
    )
    made = isolation.build(desired(*files, settings_text="internal: {address: 10.0.0.5}\n"), container(), dict)
    assert [str(each) for each in made.ports] == ["8081/tcp", "8444/tcp", "6/tcp", "5432/tcp"]


def test_render_without_an_internal_side_on_the_network() -> None:
    assert "dport" not in isolation.render(Isolation("t", ("br-1",), "br-1", (), PORTS)).text


def test_render_ports_that_overlap() -> None:
    """A set of nft refuses overlapping intervals."""
    made = isolation.render(Isolation("t", ("br-1", "br-2"), "br-1", ("10.0.0.5",), PORTS))
    assert "ip daddr 10.0.0.5 fib daddr type local tcp dport { 443, 6000-6010, 6011-6020 } drop" in made.text


def test_render_keeps_containers_of_the_instance_from_the_internal_side() -> None:
    made = isolation.render(Isolation("t", ("br-1", "br-2", "br-3"), "br-2", ("10.0.0.5",), PORTS))
    assert 'iifname != { "br-1", "br-3" } accept' in made.text
    assert "dport" not in isolation.render(Isolation("t", ("br-2",), "br-2", ("10.0.0.5",), PORTS)).text


def test_render_mark_is_of_the_rules() -> None:
    one, two = (isolation.render(Isolation("t", (each,))) for each in ("br-1", "br-2"))
    assert one.mark != two.mark
    assert f"shoestring {one.mark}" in one.text


def test_network_ids_are_as_recorded() -> None:
    recorded = Path(__file__).parents[1] / "recorded" / "containers.json"
    containers = parse_containers(json.loads(recorded.read_text()))
    assert all(len(each.networks) == len(each.network_ids) for each in containers)
