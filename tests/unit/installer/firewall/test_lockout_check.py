"""The lockout check: its targets, and the answers that allow a change."""

from __future__ import annotations

import pytest

from installer.firewall.lockout_check import ProbeAnswers, ProbeTarget, passes, targets
from installer.host.ports import ListeningSocket


def test_targets_of_ssh_sockets() -> None:
    """A socket of all IPv6 addresses may accept IPv4 too; the check before the change leaves out silent targets."""
    sockets = (
        *(
            ListeningSocket("0.0.0.0", 22, "sshd"),
            ListeningSocket("127.0.0.1", 2200, "sshd"),
            ListeningSocket("::1", 2200, "sshd"),
        ),
        *(
            ListeningSocket("10.0.0.5", 2222, "dropbear"),
            ListeningSocket("0.0.0.0", 80, "nginx"),
            ListeningSocket("::", 24, "sshd"),
        ),
    )
    everywhere = {ProbeTarget("0.0.0.0", 22), ProbeTarget("0.0.0.0", 24), ProbeTarget("::", 24)}
    assert targets(sockets, frozenset()) == {*everywhere, ProbeTarget("10.0.0.5", 2222)}


def test_targets_of_systemd_ssh_socket_only() -> None:
    sockets = (ListeningSocket("::", 2222, "systemd"), ListeningSocket("::", 631, "systemd"))
    assert targets(sockets, frozenset({2222})) == {ProbeTarget("0.0.0.0", 2222), ProbeTarget("::", 2222)}


SSH = frozenset({ProbeTarget("0.0.0.0", 22), ProbeTarget("::", 22)})


SSH4, NOTHING = frozenset({ProbeTarget("0.0.0.0", 22)}), frozenset[ProbeTarget]()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (ProbeAnswers(SSH, True, SSH), ProbeAnswers(SSH, True, SSH), True),
        (ProbeAnswers(SSH, True, SSH), ProbeAnswers(SSH4, True, SSH), False),
        (ProbeAnswers(SSH, True, SSH), ProbeAnswers(SSH, False, SSH), False),
        (ProbeAnswers(SSH, True, SSH), ProbeAnswers(NOTHING, True, SSH), False),
        (ProbeAnswers(SSH4, True, SSH), ProbeAnswers(SSH4, True, SSH4), True),
        (ProbeAnswers(SSH, False, SSH), ProbeAnswers(SSH, False, SSH), True),
        (ProbeAnswers(NOTHING, False, SSH), ProbeAnswers(NOTHING, False, SSH), True),
    ],
)
def test_holds_with_answers(before: ProbeAnswers, after: ProbeAnswers, expected: bool) -> None:
    assert passes(before, after) is expected


def test_answers_about() -> None:
    assert ProbeAnswers(SSH, True, SSH).about == (
        "SSH answers on port 22 by IPv4 and IPv6, checked from a network namespace through these rules."
    )
    assert ProbeAnswers(SSH4, True, SSH4).about == (
        "SSH answers on port 22 by IPv4, checked from a network namespace through these rules."
    )
    assert "from outside it was not checked" in ProbeAnswers(SSH, False, SSH).about
    assert ProbeAnswers(NOTHING, False, NOTHING).about == (
        "No SSH server listens on this host, so there was nothing to check."
    )
    assert ProbeAnswers(NOTHING, False, SSH).about == (
        "SSH listens on port 22, but did not answer without these rules either, so this proves nothing: "
        "log in once more from another terminal before you close this one."
    )
