"""Errors of the installer."""

from __future__ import annotations

import pytest

from tests.support.install.host import Host

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def test_install_without_network(host_without_network: Host) -> None:
    result = host_without_network.install("--prepare")
    assert result.returncode == 1
    assert "$ apt-get " in result.stdout
    assert "reaches its package mirror" in result.stdout
    assert "/var/log/shoestring-install.log" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_install_conflicting_options(host_without_network: Host) -> None:
    result = host_without_network.install("--demo", "--domain")
    assert result.returncode == 2
    assert "--domain" in result.stderr
