"""What the VPN's commands refuse: invalid input, an exhausted network, a host without WireGuard."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.host import wireguard
from installer.vpn import clients
from runtime.base.errors import ExitCode
from tests.support.vpn.stand import NETWORK6, Stand

pytestmark = pytest.mark.engine


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with contextlib.closing(Stand(tmp_path)) as made:
        yield made


def test_add_invalid_input(stand: Stand) -> None:
    stand.add("laptop")
    taken = stand.key_of("laptop")
    server = json.loads(stand.shoestring("vpn", "status", "--json").stdout)["public_key"]
    before = (clients.read_all(stand.paths), stand.live())
    # The stand is not the host's default instance.
    option = f" --data-directory {stand.paths.root}"
    for argv, said in (
        (("laptop",), "The VPN client laptop already exists."),
        (("../laptop",), "'../laptop' is not a name"),
        (("the-laptop-of-me",), "NAME: the-laptop-of-me has 16 characters"),
        (("phone", "--public-key", "nonsense"), "--public-key: the given text is not a WireGuard key"),
        (("phone", "--public-key", taken), "this is the key of laptop already"),
        (("phone", "--public-key", server), "this is the key of the server already"),
    ):
        done = stand.shoestring("vpn", "add", *argv)
        assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
        (sentence,) = done.stderr.splitlines()
        assert said in sentence
        assert (option in sentence) is ("shoestring vpn" in sentence)
    done = stand.shoestring("vpn", "remove", "../../shoestring", "--yes")
    assert (done.returncode, done.stderr.splitlines()) == (
        ExitCode.USAGE,
        [f"There is no VPN client ../../shoestring. See: shoestring vpn list{option}"],
    )
    assert (clients.read_all(stand.paths), stand.live()) == before
    assert stand.paths.settings.is_file()


def test_add_endpoint_of_another_host(stand: Stand) -> None:
    for host, said in (
        ("192.0.2.99", "is not this host, which has"),
        ("nowhere.invalid", "does not resolve to an address"),
    ):
        stand.edit(endpoint=host)
        done = stand.shoestring("vpn", "add", "laptop")
        assert done.returncode == ExitCode.USAGE
        assert said in done.stderr
    assert clients.read_all(stand.paths) == ()
    stand.edit(endpoint="192.0.2.99")
    assert "Endpoint = 192.0.2.99:51820\n" in stand.add("laptop", "--skip-endpoint-check")


def test_add_exhausted_network(tmp_path: Path) -> None:
    stand = Stand(tmp_path, network="10.12.0.0/30")
    try:
        stand.add("laptop")
        done = stand.shoestring("vpn", "add", "phone")
        assert done.returncode == ExitCode.USAGE
        assert "All addresses of 10.12.0.0/30 are in use." in done.stderr
        assert [each.name for each in clients.read_all(stand.paths)] == ["laptop"]
    finally:
        stand.close()


def test_add_foreign_interface(stand: Stand) -> None:
    file = wireguard.configuration_file(stand.interface)
    file.parent.mkdir(exist_ok=True)
    file.write_text("[Interface]\n")
    done = stand.shoestring("vpn", "add", "laptop")
    assert done.returncode == ExitCode.FAILED
    assert f"{file} exists, but was not created by this instance." in done.stderr
    assert file.read_text() == "[Interface]\n"
    assert clients.read_all(stand.paths) == ()


def test_apply_and_add_overlapping_network(stand: Stand) -> None:
    """The router has the address that the VPN would use, and no address of the host is in the VPN's network."""
    link = f"v{stand.token}"
    stand.server.check("ip", "link", "add", link, "type", "veth", "peer", "name", f"w{stand.token}")
    stand.server.check("ip", "link", "set", link, "up")
    stand.server.check("ip", "address", "add", "10.12.5.9/16", "dev", link)
    stand.server.check("ip", "-6", "route", "add", "fd12:3456::/32", "dev", link)
    for argv in (("vpn", "apply"), ("vpn", "add", "laptop"), ("vpn", "add", "laptop", "--dry-run")):
        done = stand.shoestring(*argv)
        assert done.returncode == ExitCode.USAGE
        assert done.stderr.splitlines() == [
            f"wireguard.network: 10.12.0.0/24 overlaps with 10.12.0.0/16, which this host reaches by {link}. Choose "
            "another network, with internal.address in it.",
            f"wireguard.network6: {NETWORK6} overlaps with fd12:3456::/32, which this host reaches by {link}. Choose "
            "another network.",
        ]
    assert not stand.paths.wireguard.exists()
    assert not wireguard.configuration_file(stand.interface).exists()
    assert stand.interface not in stand.server.check("ip", "link")


def test_remove_with_overlapping_network(stand: Stand) -> None:
    stand.add("laptop")
    stand.server.check("ip", "route", "add", "10.12.0.0/16", "dev", "lo")
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    assert stand.shoestring("vpn", "remove", "laptop", "--yes").returncode == ExitCode.DONE
    assert stand.live().peers == ()


def test_add_failing_in_faked_ip_leaves_no_access(stand: Stand, tmp_path: Path) -> None:
    stand.add("laptop")
    programs = tmp_path / "few"
    programs.mkdir()
    # What comes after the peers were set.
    fails = 'case " $* " in *" mtu "*) echo "Error: for the test." >&2; exit 2;; esac'
    (programs / "ip").write_text(f'#!/bin/sh\n{fails}\nexec {shutil.which("ip")} "$@"\n')
    (programs / "ip").chmod(0o755)
    done = stand.shoestring("vpn", "add", "phone", PATH=f"{programs}:{os.environ['PATH']}")
    assert (done.returncode, "for the test" in done.stderr) == (ExitCode.FAILED, True)
    assert [each.name for each in clients.read_all(stand.paths)] == ["laptop"]
    assert [each.public_key for each in stand.live().peers] == [stand.key_of("laptop")]
    assert "# phone" not in wireguard.configuration_file(stand.interface).read_text()


def test_add_without_wireguard_in_faked_ip(stand: Stand, tmp_path: Path) -> None:
    programs = tmp_path / "few"
    programs.mkdir()
    (programs / "wg").symlink_to(str(shutil.which("wg")))
    # As iproute2 ends where the kernel has none; the one that runs the tests may have it.
    refuses = 'case " $* " in *" type wireguard "*) echo "Error: Unknown device type." >&2; exit 2;; esac'
    (programs / "ip").write_text(f'#!/bin/sh\n{refuses}\nexec {shutil.which("ip")} "$@"\n')
    (programs / "ip").chmod(0o755)
    done = stand.shoestring("vpn", "add", "laptop", PATH=str(programs))
    assert done.returncode == ExitCode.FAILED
    assert "wireguard-go is not installed" in done.stderr
    (programs / "wg").unlink()
    assert (
        "Install the package wireguard-tools" in stand.shoestring("vpn", "add", "laptop", PATH=str(programs)).stderr
    )
    assert clients.read_all(stand.paths) == ()
