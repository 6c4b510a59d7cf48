"""The VPN's running interface converges to the files: after a kill, a change by hand, and with many clients."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.host import wireguard
from installer.host.wireguard import WireGuardLink
from installer.vpn import addresses, clients, keys
from installer.vpn.clients import VpnClient
from runtime.base import failpoints
from runtime.base.errors import ExitCode
from tests.support.engine import until
from tests.support.vpn.stand import PAGE, SERVER, Stand

pytestmark = pytest.mark.engine

# Changes by hand, as shell commands with the interface and a client's key; and how they are reported.
CHANGES = (
    ('ip link set "$1" down', "it is down"),
    ('ip link set "$1" mtu 1300', "its MTU"),
    (f'ip address delete {SERVER}/24 dev "$1"', "its addresses"),
    ('ip address add 10.99.0.1/24 dev "$1"', "its addresses"),
    ('wg genkey | wg set "$1" private-key /dev/stdin', "its key"),
    ('wg set "$1" listen-port 51999', "its port"),
    ('wg genpsk | wg set "$1" peer "$2" preshared-key /dev/stdin', "its clients"),
    ('wg set "$1" peer "$2" allowed-ips 10.12.0.99/32', "its clients"),
    ('wg set "$1" peer "$2" remove', "its clients"),
    ('wg set "$1" peer "$(wg genkey | wg pubkey)" allowed-ips 10.12.0.99/32', "its clients"),
)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with contextlib.closing(Stand(tmp_path)) as made:
        yield made


def test_remove_killed_revokes_access_and_is_completed(stand: Stand) -> None:
    laptop = stand.client(stand.add("laptop"))
    until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)
    stand.add("phone")
    file = wireguard.configuration_file(stand.interface)
    killed = stand.shoestring("vpn", "remove", "laptop", "--yes", **{failpoints.VARIABLE: "kill:vpn-removed"})
    assert killed.returncode < 0
    # It is still listed, and has no access: now, and after a boot.
    assert [each.name for each in clients.read_all(stand.paths)] == ["laptop", "phone"]
    assert [each.public_key for each in stand.live().peers] == [stand.key_of("phone")]
    assert "# laptop" not in file.read_text()
    assert laptop.fetch(SERVER, timeout=2).returncode != 0
    assert "differs from its configuration (its clients, its file " in stand.shoestring("vpn", "status").stdout
    assert stand.shoestring("vpn", "remove", "laptop", "--yes").returncode == ExitCode.DONE
    assert [each.name for each in clients.read_all(stand.paths)] == ["phone"]
    assert [each.public_key for each in stand.live().peers] == [stand.key_of("phone")]
    assert stand.shoestring("vpn", "status").returncode == ExitCode.DONE


def test_remove_revokes_unlisted_peers(stand: Stand) -> None:
    stand.add("laptop")
    stand.server.check("wg", "set", stand.interface, "peer", keys.public_of(keys.generate_private()))
    assert stand.shoestring("vpn", "remove", "laptop", "--yes").returncode == ExitCode.DONE
    assert stand.live().peers == ()
    stand.server.check("wg", "set", stand.interface, "peer", keys.public_of(keys.generate_private()))
    assert stand.shoestring("vpn", "remove", "laptop", "--yes").returncode == ExitCode.USAGE
    assert stand.live().peers == ()


def test_add_killed_is_completed_by_apply(stand: Stand) -> None:
    killed = stand.shoestring("vpn", "add", "laptop", **{failpoints.VARIABLE: "kill:vpn-written"})
    assert killed.returncode < 0
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    laptop = stand.client(stand.shoestring("vpn", "show", "laptop").stdout)
    assert until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)


def test_apply_dry_run(stand: Stand) -> None:
    assert f"+ {stand.interface}  starts with 0 clients, with a new key" in would(stand)
    assert stand.interface not in stand.server.check("ip", "link")
    assert not clients.read_server_key(stand.paths)
    stand.add("laptop")
    assert "Nothing to do" in would(stand)
    key = keys.public_of(keys.generate_private())
    stand.server.check("wg", "set", stand.interface, "peer", key, "allowed-ips", "10.12.0.99/32")
    assert f"~ {stand.interface}  is updated, with 1 client; they stay connected" in would(stand)
    assert len(stand.live().peers) == 2
    answer = json.loads(stand.shoestring("vpn", "apply", "--dry-run", "--json").stdout)
    assert (answer["ok"], answer["up"], "differs from its configuration" in answer["problem"]) == (False, True, True)
    stand.edit(enabled=False)
    assert f"- {stand.interface}  is removed" in would(stand)
    assert stand.interface in stand.server.check("ip", "link")


def would(stand: Stand) -> str:
    """Return what `vpn apply --dry-run` shows."""
    done = stand.shoestring("vpn", "apply", "--dry-run")
    assert done.returncode == ExitCode.DONE, done.stderr
    return str(done.stdout)


def test_apply_again_changes_nothing(stand: Stand) -> None:
    stand.add("laptop")
    file = wireguard.configuration_file(stand.interface)
    before = (file.stat().st_mtime_ns, stand.server.check("ip", "address"), stand.live())
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    assert (file.stat().st_mtime_ns, stand.server.check("ip", "address"), stand.live()) == before


def test_apply_restores_changed_interface(stand: Stand) -> None:
    stand.add("laptop")
    name, key = stand.interface, stand.key_of("laptop")
    before = as_it_runs(stand)
    assert stand.shoestring("vpn", "status").returncode == ExitCode.DONE
    for change, said in CHANGES:
        stand.server.check("sh", "-ec", change, "sh", name, key)
        status = stand.shoestring("vpn", "status")
        assert status.returncode == ExitCode.FAILED, change
        assert f"The interface {name} differs from its configuration ({said}" in status.stdout, change
        assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE, change
        assert as_it_runs(stand) == before, change


def as_it_runs(stand: Stand) -> tuple[WireGuardLink | None, str]:
    """Return the interface, and all that WireGuard knows of it."""
    shown = stand.server.check("ip", "-json", "address", "show", "dev", stand.interface)
    return wireguard.parse_link(shown), stand.server.check("wg", "showconf", stand.interface)


def test_apply_disabled_keeps_clients(stand: Stand) -> None:
    stand.add("laptop")
    stand.edit(enabled=False)
    assert "The VPN is off." in stand.shoestring("vpn", "list").stderr
    assert f"{stand.interface} is removed" in stand.shoestring("vpn", "apply").stdout
    assert stand.interface not in stand.server.check("ip", "link")
    assert not wireguard.configuration_file(stand.interface).exists()
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.USAGE
    stand.edit(enabled=True)
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    assert [each.public_key for each in stand.live().peers] == [stand.key_of("laptop")]


def test_add_two_hundredth_client_duration(stand: Stand) -> None:
    first = _seconds(stand, "first")
    taken = {address for each in clients.read_all(stand.paths) for address in each.addresses}
    for number in range(196):
        client = _client(stand, f"c{number}", taken)
        taken |= set(client.addresses)
        clients.write(stand.paths, client)
    last = _seconds(stand, "last")
    # Measured in the same run, on the same machine.
    assert last - first <= 1.0
    known = clients.read_all(stand.paths)
    assert len(known) == 200
    assert len({each.addresses for each in known}) == 200
    text = wireguard.configuration_file(stand.interface).read_text()
    assert peers_of(text) == [
        {
            "PublicKey": each.public_key,
            "PresharedKey": each.preshared_key,
            "AllowedIPs": f"{each.addresses[0]}/32, {each.addresses[1]}/128",
        }
        for each in known
    ]
    live = stand.live().peers
    assert len(live) == 200
    assert {(each.public_key, each.preshared_key, frozenset(each.allowed)) for each in live} == {
        (each.public_key, each.preshared_key, frozenset((f"{each.addresses[0]}/32", f"{each.addresses[1]}/128")))
        for each in known
    }
    machine = stand.client(stand.shoestring("vpn", "show", "last2").stdout)
    assert until(lambda: machine.fetch(SERVER), lambda answer: answer.stdout == PAGE)


def peers_of(text: str) -> list[dict[str, str]]:
    """Return what a file for wg-quick(8) says of each peer."""
    blocks = (block.splitlines() for block in text.split("[Peer]\n")[1:])
    return [dict(line.split(" = ") for line in block if " = " in line) for block in blocks]


def _seconds(stand: Stand, name: str) -> float:
    """Return how long an addition takes: the quickest of a few. Of the first ones only the last client stays."""
    taken = []
    for number in range(3):
        began = time.monotonic()
        stand.add(f"{name}{number}")
        taken.append(time.monotonic() - began)
        if number < 2 and name == "first":
            assert stand.shoestring("vpn", "remove", f"{name}{number}", "--yes").returncode == ExitCode.DONE
    return min(taken)


def _client(stand: Stand, name: str, taken: set[str]) -> VpnClient:
    private = keys.generate_private()
    return VpnClient(
        name=name,
        made="2026-01-02T03:04:05Z",
        addresses=addresses.allocate(stand.settings, taken),
        public_key=keys.public_of(private),
        preshared_key=keys.generate_preshared(),
        private_key=private,
    )
