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
def test_ports_of_a_configuration(text: str, expected: set[int]) -> None:
    assert ssh.parse(text) == expected


def test_the_files_of_sshd(tmp_path: Path) -> None:
    assert ssh.configured(tmp_path) == {22}
    (tmp_path / "sshd_config").write_text("Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n")
    assert ssh.configured(tmp_path) == {22}
    (tmp_path / "sshd_config.d").mkdir()
    (tmp_path / "sshd_config.d" / "port.conf").write_text("Port 2222\n")
    assert ssh.configured(tmp_path) == {2222}


def test_what_was_kept(tmp_path: Path) -> None:
    file = tmp_path / "data" / "firewall.json"
    assert ssh.kept(file) is None
    ssh.keep(file, {2222, 22})
    assert ssh.kept(file) == {22, 2222}
    file.write_text("{}")
    assert ssh.kept(file) is None
