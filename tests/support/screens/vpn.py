"""Screens of `shoestring vpn`."""

from __future__ import annotations

from dataclasses import replace

from installer.cli import vpn as cli
from installer.host.wireguard import BootState, WireGuardLink
from installer.vpn import report, ssh_tunnel
from installer.vpn.configuration import client_text
from installer.vpn.drift import ObservedVpn
from installer.vpn.operations import VpnOverview
from installer.vpn.peers import parse_dump
from installer.vpn.ssh_tunnel import SshTunnel
from tests.support.builders.runtime import make_settings
from tests.support.builders.vpn import LAPTOP, VPN, key
from tests.support.screens.screen import NOW, Screens, moment, sections

_SETTINGS = make_settings(VPN)
_DUMP = (
    f"p\t{key('q')}\t51820\toff\n"
    f"{key('p')}\t{key('s')}\t192.0.2.9:41641\t10.12.0.2/32,fd12::2/128\t{moment(61):.0f}\t48120\t9200444\toff\n"
)
_PHONE = replace(LAPTOP, name="phone", addresses=("10.12.0.3", "fd12::3"), public_key=key("r"), private_key="")
_DOWN = "wg0 is down. Bring it up: shoestring vpn apply"


def _overview(dump: str = _DUMP, problem: str = "") -> VpnOverview:
    link = WireGuardLink(frozenset({"10.12.0.1/24"}), 1420, is_up=True) if dump else None
    return VpnOverview(
        _SETTINGS,
        key("q"),
        (LAPTOP, _PHONE),
        ObservedVpn(parse_dump(dump), link, BootState(is_written=True)),
        problem,
    )


def _list() -> str:
    return sections(
        clients=report.list_lines(_overview(), NOW),
        down=report.list_lines(_overview("", _DOWN), NOW),
        none_yet=report.list_lines(replace(_overview(), clients=()), NOW),
    )


def _status() -> str:
    now = NOW.timestamp()
    return sections(
        up=report.status_lines(_overview(), now),
        down=report.status_lines(_overview("", _DOWN), now),
        plan_of_apply=cli._plan_lines(_overview("", _DOWN)),
        nothing_to_apply=cli._plan_lines(_overview()),
        plan_where_it_is_off=cli._down_lines(("wg0",)),
    )


def _add() -> str:
    files = {client.name: client_text(_SETTINGS, key("q"), client) for client in (LAPTOP, _PHONE)}
    return sections(
        plan=report.preview_lines(LAPTOP, _SETTINGS),
        added=report.added_lines(LAPTOP, files["laptop"], _SETTINGS),
        added_by_its_public_key=report.added_lines(_PHONE, files["phone"], _SETTINGS),
    )


def _show() -> str:
    return client_text(_SETTINGS, key("q"), LAPTOP)


def _tunnel() -> str:
    served = ("internal.example.com", "wiki.internal.example.com")
    tunnel = SshTunnel("127.0.0.1", (8081, 8444), served, ("*.apps.internal.example.com",), "ops@example.com", 2222)
    vpn = replace(tunnel, address="10.12.0.1", ports=(80, 443, 5432))
    return sections(
        tunnel=ssh_tunnel.tunnel_lines(tunnel),
        tunnel_with_low_ports=ssh_tunnel.tunnel_lines(vpn),
        hosts=ssh_tunnel.hosts_lines(vpn),
    )


SCREENS: Screens = {
    "vpn-tunnel": _tunnel,
    "vpn-list": _list,
    "vpn-status": _status,
    "vpn-add": _add,
    "vpn-show": _show,
}
