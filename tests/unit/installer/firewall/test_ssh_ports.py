from __future__ import annotations

import pytest

from installer.firewall import ssh_ports
from installer.firewall.proof import Answers, Target, holds, targets
from installer.host.ports import Listener


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
def test_a_forwarded_port_is_not_that_of_the_server(title: str, expected: bool) -> None:
    assert ssh_ports.is_session(title) is expected


def test_systemd_listens_for_ssh() -> None:
    """As systemd 257 prints it for ssh.socket and two that are not there."""
    assert ssh_ports.parse_sockets("Listen=0.0.0.0:2222 (Stream)\nListen=[::]:22 (Stream)\n\n\n") == {22, 2222}
    assert ssh_ports.parse_sockets("Listen=/run/x (Stream)\nListen=[::]:22 (Datagram)\n") == set()


def test_where_ssh_is_asked() -> None:
    sockets = (
        *(Listener("0.0.0.0", 22, "sshd"), Listener("::", 22, "sshd"), Listener("127.0.0.1", 2200, "sshd")),
        *(Listener("10.0.0.5", 2222, "dropbear"), Listener("0.0.0.0", 80, "nginx")),
    )
    assert targets(sockets) == {Target("", 22), Target("10.0.0.5", 2222)}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Answers(frozenset({Target("", 22)}), True), Answers(frozenset({Target("", 22)}), True), True),
        (Answers(frozenset({Target("", 22)}), True), Answers(frozenset({Target("", 22)}), False), False),
        (Answers(frozenset({Target("", 22)}), True), Answers(frozenset(), True), False),
        (Answers(frozenset({Target("", 22)}), False), Answers(frozenset({Target("", 22)}), False), True),
        (Answers(frozenset(), False), Answers(frozenset(), False), True),
    ],
)
def test_what_is_proof(before: Answers, after: Answers, expected: bool) -> None:
    assert holds(before, after) is expected


def test_what_is_proven_is_said() -> None:
    ssh = frozenset({Target("", 22)})
    assert Answers(ssh, True).about == "SSH answers on port 22, asked from a network namespace through these rules."
    assert "from outside that is not proven" in Answers(ssh, False).about
    assert "nothing to prove" in Answers(frozenset(), False).about
