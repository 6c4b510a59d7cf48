"""Answers recorded from iproute2 6.1.0."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.host import systemd, wireguard
from installer.host.wireguard import BootState, WireGuardInterface, WireGuardLink
from runtime.base import command
from runtime.base.command import Result
from runtime.base.errors import ShoestringError

# An interface of wireguard-go, and the same one after `ip link set wg0 down`, which removes its IPv6 addresses.
UP = (
    '[{"ifindex":2,"ifname":"wg0","flags":["POINTOPOINT","MULTICAST","NOARP","UP","LOWER_UP"],"mtu":1420,'
    '"qdisc":"pfifo_fast","operstate":"UNKNOWN","group":"default","txqlen":500,"link_type":"none","addr_info":['
    '{"family":"inet","local":"10.12.0.1","prefixlen":24,"scope":"global","label":"wg0",'
    '"valid_life_time":4294967295,"preferred_life_time":4294967295},'
    '{"family":"inet6","local":"fd12::1","prefixlen":64,"scope":"global",'
    '"valid_life_time":4294967295,"preferred_life_time":4294967295},'
    '{"family":"inet6","local":"fe80::9d0c:31ae:ef:56ba","prefixlen":64,"scope":"link","stable-privacy":true,'
    '"valid_life_time":4294967295,"preferred_life_time":4294967295}]}]'
)
DOWN = (
    '[{"ifindex":2,"ifname":"wg0","flags":["POINTOPOINT","MULTICAST","NOARP"],"mtu":1420,"qdisc":"pfifo_fast",'
    '"operstate":"DOWN","group":"default","txqlen":500,"link_type":"none","addr_info":['
    '{"family":"inet","local":"10.12.0.1","prefixlen":24,"scope":"global","label":"wg0",'
    '"valid_life_time":4294967295,"preferred_life_time":4294967295}]}]'
)


def test_parse_link_up() -> None:
    assert wireguard.parse_link(UP) == WireGuardLink(frozenset({"10.12.0.1/24", "fd12::1/64"}), 1420, is_up=True)


def test_parse_link_down() -> None:
    assert wireguard.parse_link(DOWN) == WireGuardLink(frozenset({"10.12.0.1/24"}), 1420, is_up=False)


def test_parse_link_without_interface() -> None:
    """Older versions print an empty object for each other interface."""
    assert wireguard.parse_link("") is None
    assert wireguard.parse_link("[{}]") is None
    assert wireguard.parse_link(f"[{{}},{UP[1:]}") == wireguard.parse_link(UP)


MARK = "# Shoestring instance: mine"
INTERFACE = WireGuardInterface(
    "wg0", ("10.12.0.1/24",), 1420, f"{MARK}\n[WireGuardInterface]\n", "[WireGuardInterface]\n", MARK, "KEY="
)


class Host:
    """A host with systemd: answers by the beginning of a command, and records the commands."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self.answers = answers
        self.commands: list[str] = []

    def run(self, argv: tuple[str, ...], **options: object) -> Result:
        line = " ".join(argv)
        self.commands.append(line)
        known = (each for start, each in self.answers.items() if line.startswith(start.replace("_", " ")))
        code, out = next(known, (0, ""))
        return Result(argv, code, out, "")


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(wireguard, "CONFIGURATIONS", tmp_path)
    monkeypatch.setattr(systemd, "_BOOTED", tmp_path)
    monkeypatch.setattr(command, "exists", lambda name: True)
    return tmp_path


def on(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "run", host.run)
    monkeypatch.setattr(command, "check", host.run)


def test_apply_syncs_after_enabling_unit(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(ip__json=(0, UP))
    on(host, monkeypatch)
    wireguard.apply(INTERFACE)
    enabled = host.commands.index("systemctl enable wg-quick@wg0")
    assert host.commands[enabled + 1].startswith("sync --file-system ")


def test_boot_state(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(Host(systemctl_is=(1, "")), monkeypatch)
    assert wireguard.boot(INTERFACE) == BootState(is_written=False, is_enabled=False)
    on(Host(), monkeypatch)
    (etc / "wg0.conf").write_text(INTERFACE.text)
    assert wireguard.boot(INTERFACE) == BootState(is_written=True, is_enabled=True)
    (etc / "wg0.conf").write_text(f"{INTERFACE.text}PostUp = true\n")
    assert wireguard.boot(INTERFACE) == BootState(is_written=False, is_enabled=True)


def test_managed_interfaces_by_file_and_key(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (etc / "wg0.conf").write_text(INTERFACE.text)
    (etc / "wg5.conf").write_text(f"{MARK}-too\n")
    (etc / "home.conf").write_bytes(b"\xff\n")
    on(Host(wg_show_all=(0, "home\tKEY=\nwg1\tKEY=\nwg2\tOTHER=\nwg3\t(none)\n")), monkeypatch)
    assert wireguard.managed_interfaces(MARK, "KEY=") == ("wg0", "wg1")
    assert wireguard.managed_interfaces(MARK, "") == ("wg0",)


def test_check_possible_by_key_without_file(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(Host(wg_show_all=(0, "wg0\tKEY=\n")), monkeypatch)
    wireguard.check_possible(INTERFACE)
    on(Host(wg_show_all=(0, "wg0\tOTHER=\n")), monkeypatch)
    with pytest.raises(ShoestringError, match="The network interface wg0 exists, but was not created by Shoestring"):
        wireguard.check_possible(INTERFACE)
