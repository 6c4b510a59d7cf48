from __future__ import annotations

import json
from dataclasses import replace

import pytest

from installer.firewall import report
from installer.firewall.json_results import FirewallJson
from installer.host.timers import TimerState
from runtime.firewall.table import InstalledTable
from runtime.output.encoder import result_json
from tests.support.builders.firewall import firewall


def test_lines_of_open_and_closed_ports() -> None:
    assert report.lines(firewall()) == [
        "  open    22/tcp     SSH",
        "  open    80/tcp     public proxy",
        "  open    443/tcp    public proxy",
        "  open    25565/tcp  x-open-ports of game",
        "  open    8081/tcp   internal proxy, at 10.0.0.5, from 10.0.0.0/24",
        "  open    ICMP       ping, errors, neighbors",
        "  closed  9999/tcp   published by game; x-open-ports would open it",
        "  closed  111/tcp    rpcbind",
        "  closed  5353/udp   avahi-daemon",
        "  closed  all else   from outside",
    ]


@pytest.mark.parametrize(
    ("number", "expected_text"),
    [
        (0, "nobody: no private network is behind that interface yet"),
        (2, "100.64.0.0/32, 100.64.0.1/32"),
        (6, "100.64.0.0/32, 100.64.0.1/32, 100.64.0.2/32, 100.64.0.3/32 and 2 more"),
    ],
)
def test_lines_networks_of_internal_side(number: int, expected_text: str) -> None:
    made = firewall("internal: {address: 'auto:tailscale0', tls: none}\n")
    assert made.ruleset.inside
    networks = tuple(f"100.64.0.{each}/32" for each in range(number))
    made = replace(made, ruleset=replace(made.ruleset, inside=replace(made.ruleset.inside, networks=networks)))
    assert f"  open    8081/tcp   internal proxy, at tailscale0, from {expected_text}" in report.lines(made)


def test_lines_with_vpn_and_public_address() -> None:
    made = firewall("wireguard: {enabled: on}\ninternal: {address: 10.12.0.1}\npublic: {address: 203.0.113.7}\n")
    assert "  open    443/tcp    public proxy, at 203.0.113.7" in report.lines(made)
    assert "  open    wg0        VPN clients, at the VPN's address" in report.lines(made)


@pytest.mark.parametrize(
    ("confirmed", "mark", "settings", "expected"),
    [
        (False, None, "", "off"),
        (False, None, "firewall: on\n", "on in the settings, but not applied yet: shoestring firewall on"),
        (False, "same", "", "active, but rolled back automatically unless it is confirmed"),
        (True, "same", "firewall: on\n", "on"),
        (True, None, "firewall: on\n", "its table is missing; the next run of the watchdog repairs it"),
        (
            True,
            "other",
            "firewall: on\n",
            "its table differs from the files; the next run of the watchdog repairs it",
        ),
    ],
)
def test_state_of_firewall(confirmed: bool, mark: str | None, settings: str, expected: str) -> None:
    made = firewall(settings)
    present = mark and InstalledTable(made.rules.mark if mark == "same" else mark, "")
    made = replace(made, confirmed=confirmed, present=present or None)
    assert report.state(made).startswith(expected)
    answer = json.loads(result_json(FirewallJson.of(made)))
    assert answer["on"] is (expected == "on")
    assert answer["table"] == "shoestring_shoestring"


@pytest.mark.parametrize(
    ("boot", "about"),
    [
        (TimerState.MISSING, "is missing"),
        (TimerState.OUTDATED, "was changed"),
        (TimerState.OFF, "is switched off"),
    ],
)
def test_state_if_next_boot_does_not_load_it(boot: TimerState, about: str) -> None:
    made = firewall("firewall: on\n")
    made = replace(made, confirmed=True, boot=boot, present=InstalledTable(made.rules.mark, ""))
    expected_text = (
        f"the next boot does not load it: shoestring-firewall.service {about}; repair it with: shoestring firewall on"
    )
    assert report.state(made) == f"on, but {expected_text}"
    assert not made.is_on
    assert json.loads(result_json(FirewallJson.of(made)))["boot_unit"] is False
    assert report.state(replace(made, present=None)).endswith(f"or now: shoestring start; {expected_text}")


def test_state_without_systemd() -> None:
    made = firewall("firewall: on\n")
    made = replace(made, confirmed=True, boot=None, present=InstalledTable(made.rules.mark, ""))
    assert report.state(made) == "on"
    assert made.is_on
    assert json.loads(result_json(FirewallJson.of(made)))["boot_unit"] is None


def test_state_if_confirmed_on_another_host() -> None:
    made = replace(firewall("firewall: on\n"), elsewhere=True)
    assert (
        report.state(made)
        == "on in the settings, but applied on another host, not on this one: shoestring firewall on"
    )
