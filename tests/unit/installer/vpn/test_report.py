from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from installer.host.wireguard import BootState, WireGuardLink
from installer.vpn import report
from installer.vpn.configuration import client_text
from installer.vpn.drift import ObservedVpn
from installer.vpn.json_results import ClientPreviewJson, ClientRemovalJson, ClientsJson, VpnJson
from installer.vpn.operations import VpnOverview
from installer.vpn.peers import parse_dump
from runtime.output.encoder import result_json
from tests.support.builders.runtime import make_settings
from tests.support.builders.vpn import LAPTOP, VPN, key

SETTINGS = make_settings(VPN)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HANDSHAKE = int(NOW.timestamp()) - 61
DUMP = (
    f"p\t{key('q')}\t51820\toff\n"
    f"{key('p')}\t{key('s')}\t192.0.2.9:41641\t10.12.0.2/32,fd12::2/128\t{HANDSHAKE}\t48120\t9200444\toff\n"
)


def overview(dump: str, problem: str = "") -> VpnOverview:
    link = WireGuardLink(frozenset({"10.12.0.1/24"}), 1420, is_up=True) if dump else None
    seen = ObservedVpn(parse_dump(dump), link, BootState(is_written=True))
    return VpnOverview(SETTINGS, key("q"), (LAPTOP,), seen, problem)


def test_list_lines() -> None:
    assert report.list_lines(overview(DUMP), NOW) == [
        "  CLIENT  ADDRESSES           HANDSHAKE     RECEIVED  SENT    FROM",
        "  laptop  10.12.0.2, fd12::2  1 minute ago  46 kB     8.7 MB  192.0.2.9:41641",
    ]


def test_list_lines_without_interface() -> None:
    lines = report.list_lines(overview("", "It is down."), NOW)
    assert lines[1].split() == ["laptop", "10.12.0.2,", "fd12::2", "-", "-", "-", "-"]
    assert lines[-1] == "  ✗ It is down."


def test_reports_have_no_secrets() -> None:
    text_shown = (
        result_json(ClientsJson.of(overview(DUMP)))
        + result_json(VpnJson.of(overview(DUMP), NOW.timestamp()))
        + result_json(ClientPreviewJson.of(LAPTOP, SETTINGS))
        + result_json(ClientRemovalJson(LAPTOP.name))
        + "\n".join(report.list_lines(overview(DUMP), NOW) + report.status_lines(overview(DUMP), NOW.timestamp()))
    )
    assert LAPTOP.private_key not in text_shown
    assert LAPTOP.preshared_key not in text_shown


def test_status_json() -> None:
    found = json.loads(result_json(VpnJson.of(overview(DUMP), NOW.timestamp())))
    assert (found["ok"], found["up"], found["clients"], found["connected"]) == (True, True, 1, 1)
    assert found["endpoint"] == "203.0.113.7:51820"
    assert not VpnJson.of(overview("", "It is down."), NOW.timestamp()).ok


def test_status_lines_state_of_interface() -> None:
    there = overview(DUMP)
    down = replace(there, seen=replace(there.seen, link=WireGuardLink(frozenset(), 1300, is_up=False)))
    for each, text_shown, up in ((there, "up, MTU 1420", True), (down, "down, MTU 1300", False)):
        assert report.status_lines(each, NOW.timestamp())[0] == f"  interface  wg0  {text_shown}"
        assert VpnJson.of(each, NOW.timestamp()).up is up
    assert report.status_lines(overview(""), NOW.timestamp())[0] == "  interface  wg0  missing"


def test_added_lines_have_file_and_instructions() -> None:
    text = client_text(SETTINGS, key("q"), LAPTOP)
    text_shown = "\n".join(report.added_lines(LAPTOP, text, SETTINGS))
    assert text in text_shown
    for each in ("Linux", "macOS", "Windows", "vpn show laptop --qr", "https://internal.example.com:8444"):
        assert each in text_shown


def test_added_lines_name_resolvconf_if_file_has_dns() -> None:
    off = make_settings("internal: off\nwireguard: {enabled: on}\n")
    for settings, needed in ((SETTINGS, True), (off, False)):
        text = client_text(settings, key("q"), LAPTOP)
        text_shown = "\n".join(report.added_lines(LAPTOP, text, settings))
        assert ("DNS = " in text) is needed
        assert ("resolvconf, from the package systemd-resolved or openresolv" in text_shown) is needed


def test_qr_fits_terminal() -> None:
    lines = report.qr(client_text(SETTINGS, key("q"), LAPTOP)).splitlines()
    assert max(len(line) for line in lines) <= 80
