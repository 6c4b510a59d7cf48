"""The VPN's file for the boot, renamed interfaces, and a kernel without IPv6."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.host import wireguard
from installer.vpn import clients, managed_interfaces
from runtime.base.errors import ExitCode
from runtime.config import settings
from tests.support.engine import until
from tests.support.vpn.stand import PAGE, SERVER, SERVER6, Stand

pytestmark = pytest.mark.engine


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with contextlib.closing(Stand(tmp_path)) as made:
        yield made


def test_apply_restores_boot_file(stand: Stand) -> None:
    stand.add("laptop")
    file = wireguard.configuration_file(stand.interface)
    before, live = file.read_text(), stand.live()
    said = (
        f"The interface {stand.interface} differs from its configuration (its file {file}). Run: shoestring vpn apply"
    )
    for lose in (file.unlink, lambda: file.write_text(f"{before}PostUp = true\n")):
        lose()
        status = json.loads(stand.shoestring("vpn", "status", "--json").stdout)
        assert (status["ok"], status["up"], status["problem"].startswith(said)) == (False, True, True)
        applied = stand.shoestring("vpn", "apply")
        assert applied.returncode == ExitCode.DONE, applied.stderr
        assert (file.read_text(), stand.live()) == (before, live)
    file.unlink()
    stand.add("phone")
    assert "# phone" in file.read_text()


def test_apply_disabled_without_boot_file(stand: Stand) -> None:
    stand.add("laptop")
    wireguard.configuration_file(stand.interface).unlink()
    stand.edit(enabled=False)
    assert f"{stand.interface} is removed" in stand.shoestring("vpn", "apply").stdout
    assert stand.interface not in stand.server.check("ip", "link")


@pytest.mark.parametrize("argv", [("apply",), ("add", "phone"), ("remove", "laptop", "--yes")])
def test_renamed_interface_replaces_old_one(stand: Stand, argv: tuple[str, ...]) -> None:
    stand.add("laptop")
    before, old = stand.live(), stand.interface
    old_file = wireguard.configuration_file(old)
    renamed(stand)
    assert f"- {old}  is removed" in stand.shoestring("vpn", "apply", "--dry-run").stdout
    done = stand.shoestring("vpn", *argv)
    assert done.returncode == ExitCode.DONE, done.stderr
    links = stand.server.check("ip", "link")
    assert f" {old}:" not in links
    assert f" {stand.interface}:" in links
    assert not old_file.exists()
    assert not (stand.paths.wireguard / old_file.name).exists()
    assert (stand.live().public_key, stand.live().port) == (before.public_key, before.port)
    assert stand.shoestring("vpn", "status").returncode == ExitCode.DONE


def test_status_reports_interface_with_former_name(stand: Stand) -> None:
    stand.add("laptop")
    old, file = stand.interface, wireguard.configuration_file(stand.interface)
    text = file.read_text()
    renamed(stand)
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    file.write_text(text)
    assert f"({old} exists as well)" in stand.shoestring("vpn", "status").stdout
    assert managed_interfaces.observe(stand.paths, settings.load(stand.paths.settings)) == tuple(
        sorted((old, stand.interface))
    )
    stand.edit(enabled=False)
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    assert not file.exists()
    assert managed_interfaces.observe(stand.paths, settings.load(stand.paths.settings)) == ()


def renamed(stand: Stand) -> None:
    """Give the interface another name in the settings."""
    stand.interface = f"wh{stand.token}"
    stand.edit()


def test_apply_changed_network_readdresses_clients(stand: Stand) -> None:
    stand.add("laptop")
    stand.add("phone")
    stand.edit(network6="")
    file = stand.paths.settings
    file.write_text(file.read_text().replace("10.12.0.", "10.44.0."))
    applied = stand.shoestring("vpn", "apply")
    assert applied.returncode == ExitCode.DONE, applied.stderr
    assert [each.addresses for each in clients.read_all(stand.paths)] == [("10.44.0.2",), ("10.44.0.3",)]
    phone = stand.client(stand.shoestring("vpn", "show", "phone").stdout)
    assert until(lambda: phone.fetch("10.44.0.1"), lambda answer: answer.stdout == PAGE)


@pytest.mark.parametrize("switch", ["all", "default"])
def test_apply_and_add_without_ipv6(stand: Stand, switch: str) -> None:
    stand.server.check("sysctl", "-q", "-w", f"net.ipv6.conf.{switch}.disable_ipv6=1")
    for argv in (("vpn", "apply"), ("vpn", "add", "laptop")):
        done = stand.shoestring(*argv)
        assert done.returncode == ExitCode.USAGE
        assert done.stderr.startswith("wireguard.network6: IPv6 is switched off on this host")
    assert stand.interface not in stand.server.check("ip", "link")
    stand.edit(network6="")
    text = stand.add("laptop")
    assert "fd12" not in text + wireguard.configuration_file(stand.interface).read_text()
    assert stand.shoestring("vpn", "status").returncode == ExitCode.DONE


def test_apply_ipv6_disabled_later(stand: Stand) -> None:
    stand.add("laptop")
    stand.server.check("sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1")
    done = stand.shoestring("vpn", "add", "phone")
    assert "wireguard.network6: IPv6 is switched off on this host" in done.stderr
    stand.edit(network6="")
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    laptop = stand.client(stand.shoestring("vpn", "show", "laptop").stdout)
    assert until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)
    # As at boot, from the file alone.
    stand.server.check("ip", "link", "delete", stand.interface)
    stand.server.check("wg-quick", "up", str(wireguard.configuration_file(stand.interface)))
    assert until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)
    assert SERVER6 not in stand.server.check("ip", "address")
