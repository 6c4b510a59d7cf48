"""The firewall's rules as they are loaded.

After a change that is meant: tests/run.sh golden -- --regenerate, and read the difference in git.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base.paths import Side
from runtime.docker.observed import Network, Observed
from runtime.firewall import isolation, model, rules
from runtime.firewall.model import Bridges
from runtime.firewall.rules import Rules
from runtime.network.netlink import LOCAL, UNICAST
from tests.support.builders.runtime import application, desired
from tests.support.golden import Golden

FOLDER = Path(__file__).parent / "firewall"
NO_BRIDGES = Bridges()
ROUTES = (
    ("eth1", "10.0.0.5/32", LOCAL),
    ("eth1", "10.0.0.0/24", UNICAST),
    ("eth1", "10.20.0.0/16", UNICAST),
    ("tailscale0", "100.64.1.2/32", UNICAST),
    ("tailscale0", "100.64.7.1/32", UNICAST),
    ("tailscale0", "fd7a:115c:a1e0::/48", UNICAST),
)
GAME = """
x-open-ports: [25565, 6000-6010/udp]
services:
  application: {image: game, ports: ["25565:25565", "9999:80", "10.0.0.5:9100:9100"]}
"""
POSTGRES = "x-external-tcp-ports: [5432]\nservices: {application: {image: p}}\n"
SETTINGS = {
    # The default of setup: the internal side at loopback.
    "loopback": "",
    "wireguard": (
        "wireguard: {enabled: on, network6: 'fd12:3456:789a::/64'}\npublic: {address: 203.0.113.7}\n"
        "internal: {address: 10.12.0.1, http_port: 80, https_port: 443}\n"
    ),
    "private-address": "internal: {address: 10.0.0.5}\npublic: {address: '::'}\ninstance: demo\n",
    "followed": "internal: {address: 'auto:tailscale0', tls: none}\n",
    "nothing-public": "public: off\n",
}


def rendered(name: str, bridges: Bridges = NO_BRIDGES) -> Rules:
    files = (application("game", GAME), application("postgres", POSTGRES, Side.INTERNAL))
    wanted = desired(*files, settings_text=f"firewall: on\n{SETTINGS[name]}")
    return rules.render(model.build(wanted.settings, wanted.known, wanted.variables, (22, 2222), bridges, ROUTES))


@pytest.mark.parametrize("name", SETTINGS)
def test_rules_are_as_recorded(golden: Golden, name: str) -> None:
    golden.check(FOLDER / f"{name}.nft", rendered(name).text)


@pytest.mark.parametrize("name", SETTINGS)
def test_isolation_is_as_recorded(golden: Golden, name: str) -> None:
    files = (application("game", GAME), application("postgres", POSTGRES, Side.INTERNAL))
    wanted = desired(*files, settings_text=SETTINGS[name])
    instance = wanted.settings.instance
    networks = [Network(f"{number}" * 64, each, instance) for number, each in enumerate(wanted.networks)]
    made = isolation.build(wanted, Observed((), tuple(networks)), dict)
    golden.check(FOLDER / f"isolation-{name}.nft", isolation.render(made).text)


def test_no_recorded_rules_are_left_over(golden: Golden) -> None:
    golden.check_folder(FOLDER, {f"{kind}{name}.nft" for kind in ("", "isolation-") for name in SETTINGS})


def test_mark_depends_on_rules_only() -> None:
    assert rendered("wireguard").mark == rendered("wireguard").mark
    assert len({rendered(name).mark for name in SETTINGS}) == len(SETTINGS)
    assert rendered("loopback", Bridges(others=("br-lan",))).mark != rendered("loopback").mark


def test_bridge_of_other_program_is_outside() -> None:
    made = rendered("loopback", Bridges(others=("br-lan", "br-x"))).text
    assert 'iifname != { "br-lan", "br-x" } iifname "br-*" accept' in made
    assert 'fib daddr oifname != { "br-lan", "br-x" } fib daddr oifname "br-*" drop' in made


def test_named_docker_bridge_is_inside() -> None:
    made = rendered("loopback", Bridges(docker=("app0",))).text
    assert 'iifname { "lo", "docker0", "docker_gwbridge", "app0" } accept' in made
    assert 'fib daddr oifname { "docker0", "docker_gwbridge", "app0" } drop' in made
