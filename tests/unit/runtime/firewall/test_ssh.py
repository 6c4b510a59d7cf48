from __future__ import annotations

from pathlib import Path

import pytest

from runtime.firewall import ssh


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Port 2222\n", {2222}),
        ("port=2222 # as of today\nPort 22\n", {2222, 22}),
        (
            "ListenAddress 0.0.0.0:2200\nListenAddress [::]:2201\nListenAddress ::1\nListenAddress 10.0.0.5\n",
            {2200, 2201},
        ),
        ("#Port 2222\nPort 99999\nPorts 3\nGatewayPorts 5\n", set()),
        ("port 22\naddressfamily any\nlistenaddress [::]:22\nlistenaddress 0.0.0.0:22\n", {22}),
    ],
)
def test_parse_ports(text: str, expected: set[int]) -> None:
    assert ssh.parse(text) == expected


def test_configured_reads_files_of_sshd(tmp_path: Path) -> None:
    assert ssh.configured(tmp_path) == {22}
    (tmp_path / "sshd_config").write_text("Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n")
    assert ssh.configured(tmp_path) == {22}
    (tmp_path / "sshd_config.d").mkdir()
    (tmp_path / "sshd_config.d" / "port.conf").write_text("Port 2222\n")
    assert ssh.configured(tmp_path) == {2222}


def test_confirmed_ports_of_file(tmp_path: Path) -> None:
    file = tmp_path / "data" / "firewall.json"
    assert ssh.confirmed_ports(file) is None
    ssh.confirm(file, {2222, 22})
    assert ssh.confirmed_ports(file) == frozenset({22, 2222})
    file.write_text("{}")
    assert ssh.confirmed_ports(file) is None
    assert not ssh.is_confirmed_elsewhere(file)


def test_confirmed_ports_of_another_host(tmp_path: Path) -> None:
    file, here, there = tmp_path / "firewall.json", tmp_path / "here", tmp_path / "there"
    here.write_text(f"{'0a' * 16}\n")
    there.write_text(f"{'0b' * 16}\n")
    ssh.confirm(file, {22}, here)
    assert "0a0a" not in file.read_text()
    assert (ssh.confirmed_ports(file, here), ssh.is_confirmed_elsewhere(file, here)) == (frozenset({22}), False)
    assert (ssh.confirmed_ports(file, there), ssh.is_confirmed_elsewhere(file, there)) == (None, True)


@pytest.mark.parametrize("machine", ["", "uninitialized\n"])
def test_confirmed_ports_without_machine_id(tmp_path: Path, machine: str) -> None:
    file, unknown, other = tmp_path / "firewall.json", tmp_path / "machine-id", tmp_path / "other"
    unknown.write_text(machine)
    other.write_text("0c" * 16)
    ssh.confirm(file, {22}, unknown)
    for each in (unknown, other, tmp_path / "none"):
        assert ssh.confirmed_ports(file, each) == frozenset({22})
    ssh.confirm(file, {22}, other)
    assert ssh.confirmed_ports(file, unknown) == frozenset({22})
    # A file of an earlier version.
    file.write_text('{"ssh_ports": [22]}')
    assert ssh.confirmed_ports(file, other) == frozenset({22})
