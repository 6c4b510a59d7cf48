"""The bootstrap of the base image."""

from __future__ import annotations

from pathlib import Path

from installer.images.debian import bootstrap_command


def test_bootstrap_command_has_security_updates() -> None:
    command = bootstrap_command(Path("/x/debian.tar"))
    assert command[command.index("trixie") + 1] == "/x/debian.tar"
    assert any("trixie-security" in word for word in command)
    assert any("etc/resolv.conf" in word for word in command)
