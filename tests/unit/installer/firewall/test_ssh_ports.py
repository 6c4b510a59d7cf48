from __future__ import annotations

import pytest

from installer.firewall import ssh_ports


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", False),
        ("/usr/sbin/sshd\0-D\0", False),
        ("sshd: root@pts/0", True),
        ("sshd: me [priv]", True),
        ("", False),
    ],
)
def test_is_session_of_process_title(title: str, expected: bool) -> None:
    assert ssh_ports.is_session(title) is expected


def test_parse_sockets_of_systemd() -> None:
    """As printed by systemd 257 for ssh.socket and two missing units."""
    assert ssh_ports.parse_sockets("Listen=0.0.0.0:2222 (Stream)\nListen=[::]:22 (Stream)\n\n\n") == {22, 2222}
    assert ssh_ports.parse_sockets("Listen=/run/x (Stream)\nListen=[::]:22 (Datagram)\n") == set()
