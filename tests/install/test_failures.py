"""What the installer says where it cannot work."""

from __future__ import annotations

import pytest

from tests.support.install.host import Host

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def test_without_a_network_the_failing_command_and_what_to_do_are_told(host_without_network: Host) -> None:
    result = host_without_network.install("--prepare")
    assert result.returncode == 1
    assert "$ apt-get " in result.stdout
    assert "reaches its package mirror" in result.stdout
    assert "/var/log/shoestring-install.log" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_options_that_do_not_go_together_are_refused(host_without_network: Host) -> None:
    result = host_without_network.install("--demo", "--domain")
    assert result.returncode == 2
    assert "--domain" in result.stderr
