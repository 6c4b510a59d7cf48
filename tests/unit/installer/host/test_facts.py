"""The parsers of facts about a host, on recorded output."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.host import facts as host
from installer.host.facts import Facts
from runtime.network.addresses import HostAddress

RECORDED = Path(__file__).parent / "recorded"


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\n', "Debian 13"),
        ('NAME="Ubuntu"\nVERSION_ID="24.04"\n', "Ubuntu 24.04"),
        ('NAME="Fedora Linux"\nVERSION_ID=42\n', "Fedora Linux 42"),
        ('NAME="Amazon Linux"\nVERSION="2023"\nVERSION_ID="2023"\n', "Amazon Linux 2023"),
        ("NAME=Arch\n# a comment\n", "Arch"),
        ("", "Linux"),
    ],
)
def test_parse_os_release(text: str, system: str) -> None:
    assert host.parse_os_release(text) == system


def test_offered_addresses_leave_out_loopback_and_docker(facts: Facts) -> None:
    assert [str(each) for each in facts.offered_addresses] == ["203.0.113.7 (eth0)", "10.0.0.5 (eth1)"]
    assert not HostAddress("172.18.0.1", "br-0123456789ab").is_offered
    assert HostAddress("10.0.0.1", "br-lan").is_offered


def test_parse_route_source_address() -> None:
    recorded = (
        '[{"dst":"1.1.1.1","gateway":"192.0.2.1","dev":"eth0","prefsrc":"192.0.2.2","flags":[],"uid":0,"cache":[]}]'
    )
    assert host.parse_route(recorded) == "192.0.2.2"
    assert host.parse_route("") == ""
    assert host.parse_route("RTNETLINK answers: Network is unreachable") == ""


@pytest.mark.parametrize(
    ("text", "version"),
    [("2.26.1-4", "2.26.1"), ("v2.40.3", "2.40.3"), ("20.10.24+dfsg1", "20.10.24"), ("", ""), ("dev", "")],
)
def test_parse_version(text: str, version: str) -> None:
    assert host.parse_version(text) == version


def test_free_disk_of_nearest_existing_directory(tmp_path: Path) -> None:
    assert host.free_disk(tmp_path / "not" / "there") == host.free_disk(tmp_path)
