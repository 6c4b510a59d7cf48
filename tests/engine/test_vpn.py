"""The VPN between network namespaces: clients made only from what `vpn add` prints, with real WireGuard."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from installer import settings_edit
from installer.host import wireguard
from installer.vpn import addresses, clients, keys
from installer.vpn.clients import Client
from runtime import faults
from runtime.errors import ExitCode
from tests.engine.support import until
from tests.engine.vpn_stand import ENDPOINT, PAGE, SERVER, SERVER6, Download, Stand

# Sends one datagram that may not be cut to a port where nobody listens: the server's refusal proves that it came.
PROBE = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    probe.setsockopt(socket.IPPROTO_IP, 10, 2)  # ip(7): IP_MTU_DISCOVER, IP_PMTUDISC_DO
    probe.settimeout(10)
    probe.connect((sys.argv[1], 9))
    try:
        probe.send(bytes(int(sys.argv[2])))
        probe.recv(1)
    except OSError as error:
        print(error.strerror)
"""

pytestmark = pytest.mark.engine


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_a_client_made_from_what_add_prints_reaches_the_internal_side(stand: Stand) -> None:
    laptop = stand.client(stand.add("laptop"))
    assert until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)
    assert laptop.fetch(f"[{SERVER6}]").stdout == PAGE
    listed = json.loads(stand.shoestring("vpn", "list", "--json").stdout)["clients"]
    assert [each["name"] for each in listed] == ["laptop"]
    assert listed[0]["handshake"]
    assert listed[0]["received_bytes"] > 0
    status = json.loads(stand.shoestring("vpn", "status", "--json").stdout)
    assert (status["ok"], status["clients"], status["connected"]) == (True, 1, 1)


def test_a_phone_that_reads_the_qr_code_reaches_the_internal_side(stand: Stand, tmp_path: Path) -> None:
    stand.add("phone")
    shown = stand.shoestring("vpn", "show", "phone", "--qr").stdout
    # As on a dark screen, and as on a light one.
    for light, dark in ((255, 0), (0, 255)):
        picture(tmp_path / "code.pgm", shown, light, dark)
        read = stand.server.check(
            "zbarimg", "-Stest-inverted", "--nodbus", "--raw", "-q", "-1", str(tmp_path / "code.pgm")
        )
        assert read.strip() == stand.shoestring("vpn", "show", "phone").stdout.strip()
    phone = stand.client(read)
    assert until(lambda: phone.fetch(SERVER), lambda answer: answer.stdout == PAGE)


def picture(file: Path, text: str, ink: int, paper: int) -> None:
    """What a camera sees of a terminal: a PGM file; each character has an upper and a lower half."""
    scale = 5
    rows: list[list[int]] = []
    width = max(map(len, text.splitlines()))
    for line in text.splitlines():
        for half in ("█▀", "█▄"):
            row = [ink if each in half else paper for each in line.ljust(width) for _ in range(scale)]
            rows += [row] * scale
    border = [paper] * 20
    rows = [[*border, *row, *border] for row in rows]
    rows = [[paper] * len(rows[0])] * 20 + rows + [[paper] * len(rows[0])] * 20
    file.write_bytes(f"P5 {len(rows[0])} {len(rows)} 255\n".encode() + bytes(each for row in rows for each in row))


def test_a_packet_of_the_whole_mtu_gets_through_and_a_larger_one_is_never_sent(stand: Stand) -> None:
    laptop = stand.client(stand.add("laptop"))
    until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)
    # 28 bytes are the headers of IPv4 and UDP.
    assert laptop.check(sys.executable, "-c", PROBE, SERVER, str(1420 - 28)).strip() == "Connection refused"
    assert laptop.check(sys.executable, "-c", PROBE, SERVER, str(1421 - 28)).strip() == "Message too long"


def test_who_is_removed_reaches_nothing_and_nobody_else_notices(stand: Stand) -> None:
    laptop, phone = stand.client(stand.add("laptop")), stand.client(stand.add("phone"))
    for each in (laptop, phone):
        until(lambda each=each: each.fetch(SERVER), lambda answer: answer.stdout == PAGE)  # type: ignore[misc]
    download = Download(phone)
    try:
        before = stand.live().peer(_key_of(stand, "phone"))
        done = stand.shoestring("vpn", "remove", "laptop", "--yes")
        assert done.returncode == 0, done.stderr
        stand.add("another")
        download.go_on()
        for address in (SERVER, f"[{SERVER6}]"):
            assert laptop.fetch(address, timeout=2).returncode != 0
        download.go_on()
        after = stand.live().peer(_key_of(stand, "phone"))
    finally:
        download.close()
    assert download.numbers == list(range(len(download.numbers)))
    # Its session is the one of before: no new handshake was needed, and the counters went on.
    assert before
    assert after
    assert after.handshake == before.handshake
    assert after.sent > before.sent
    assert len(stand.live().peers) == 2


def _key_of(stand: Stand, name: str) -> str:
    return clients.find(clients.read_all(stand.paths), name).public_key


def test_with_a_public_key_the_private_one_never_comes_to_the_server(stand: Stand) -> None:
    private = keys.generate_private()
    text = stand.add("laptop", "--public-key", keys.public_of(private))
    assert "PrivateKey = PUT-YOUR-PRIVATE-KEY-HERE\n" in text
    laptop = stand.client(text.replace("PUT-YOUR-PRIVATE-KEY-HERE", private))
    until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)
    assert stand.shoestring("vpn", "show", "laptop").stdout.strip() == text.strip()
    assert stand.shoestring("vpn", "show", "laptop", "--qr").returncode == ExitCode.USAGE


def test_what_is_secret_is_root_s_alone_and_in_no_commit(stand: Stand) -> None:
    stand.add("laptop")
    private = [
        stand.paths.wireguard,
        *stand.paths.wireguard.rglob("*"),
        wireguard.configuration_file(stand.interface),
    ]
    assert {each.stat().st_mode & 0o077 for each in private} == {0}
    copy = stand.paths.wireguard / f"{stand.interface}.conf"
    assert copy.read_text() == wireguard.configuration_file(stand.interface).read_text()
    assert clients.read_all(stand.paths)[0].private_key not in copy.read_text()
    assert stand.server.check("git", "-C", str(stand.paths.conf), "status", "--porcelain") == ""


@pytest.mark.parametrize("command", ["apply", "remove"])
def test_a_removal_that_is_killed_is_finished_by_the_next_run(stand: Stand, command: str) -> None:
    stand.add("laptop")
    stand.add("phone")
    killed = stand.shoestring("vpn", "remove", "laptop", "--yes", **{faults.VARIABLE: "kill:vpn-removed"})
    assert killed.returncode < 0
    assert len(stand.live().peers) == 2
    assert "is not what the files say" in stand.shoestring("vpn", "status").stdout
    argv = ("vpn", "apply") if command == "apply" else ("vpn", "remove", "laptop", "--yes")
    done = stand.shoestring(*argv)
    assert done.returncode == (ExitCode.DONE if command == "apply" else ExitCode.USAGE), done.stderr
    assert [each.public_key for each in stand.live().peers] == [_key_of(stand, "phone")]
    assert stand.shoestring("vpn", "status").returncode == ExitCode.DONE


def test_an_addition_that_is_killed_is_finished_by_the_next_run(stand: Stand) -> None:
    killed = stand.shoestring("vpn", "add", "laptop", **{faults.VARIABLE: "kill:vpn-written"})
    assert killed.returncode < 0
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    laptop = stand.client(stand.shoestring("vpn", "show", "laptop").stdout)
    assert until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)


def test_applying_twice_changes_nothing(stand: Stand) -> None:
    stand.add("laptop")
    file = wireguard.configuration_file(stand.interface)
    before = (file.stat().st_mtime_ns, stand.server.check("ip", "address"), stand.live())
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    assert (file.stat().st_mtime_ns, stand.server.check("ip", "address"), stand.live()) == before


def test_what_someone_changed_at_the_interface_is_put_right(stand: Stand) -> None:
    stand.add("laptop")
    server, name = stand.server, stand.interface
    server.check("ip", "address", "delete", f"{SERVER}/24", "dev", name)
    assert stand.shoestring("vpn", "status").returncode == ExitCode.FAILED
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    server.check("wg", "set", name, "peer", keys.public_of(keys.generate_private()), "allowed-ips", "10.12.0.99/32")
    server.check("ip", "address", "add", "10.99.0.1/24", "dev", name)
    server.check("ip", "address", "delete", f"{SERVER}/24", "dev", name)
    server.check("ip", "link", "set", name, "mtu", "1300", "down")
    assert stand.shoestring("vpn", "status").returncode == ExitCode.FAILED
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    shown = server.check("ip", "address", "show", "dev", name)
    assert f"{SERVER}/24" in shown
    assert "10.99.0.1" not in shown
    assert "mtu 1420" in shown
    assert len(stand.live().peers) == 1


def test_bad_input_is_told_in_a_sentence_and_changes_nothing(stand: Stand) -> None:
    stand.add("laptop")
    taken = _key_of(stand, "laptop")
    server = json.loads(stand.shoestring("vpn", "status", "--json").stdout)["public_key"]
    before = (clients.read_all(stand.paths), stand.live())
    for argv, said in (
        (("laptop",), "There is a VPN client laptop already."),
        (("../laptop",), "'../laptop' is not a name"),
        (("the-laptop-of-me",), "NAME: the-laptop-of-me has 16 characters"),
        (("phone", "--public-key", "nonsense"), "--public-key: what was given is not a WireGuard key"),
        (("phone", "--public-key", taken), "this is the key of laptop already"),
        (("phone", "--public-key", server), "this is the key of the server already"),
    ):
        done = stand.shoestring("vpn", "add", *argv)
        assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    done = stand.shoestring("vpn", "remove", "../../shoestring", "--yes")
    assert (done.returncode, done.stderr.splitlines()) == (
        ExitCode.USAGE,
        ["There is no VPN client ../../shoestring. See: shoestring vpn list"],
    )
    assert (clients.read_all(stand.paths), stand.live()) == before
    assert stand.paths.settings.is_file()


def test_an_endpoint_that_is_not_this_host(stand: Stand) -> None:
    for host, said in (("192.0.2.99", "is not this host, which has"), ("nowhere.invalid", "DNS does not know it")):
        _edit(stand, endpoint=host)
        done = stand.shoestring("vpn", "add", "laptop")
        assert done.returncode == ExitCode.USAGE
        assert said in done.stderr
    assert clients.read_all(stand.paths) == ()
    _edit(stand, endpoint="192.0.2.99")
    assert "Endpoint = 192.0.2.99:51820\n" in stand.add("laptop", "--any-endpoint")


def _edit(stand: Stand, **values: object) -> None:
    settings = stand.settings
    wanted = replace(settings, wireguard=replace(settings.wireguard, **values))  # type: ignore[arg-type]
    file = stand.paths.settings
    file.write_text(settings_edit.edit(file, file.read_text(), wanted))


def test_an_exhausted_network(tmp_path: Path) -> None:
    stand = Stand(tmp_path, network="10.12.0.0/30")
    try:
        stand.add("laptop")
        done = stand.shoestring("vpn", "add", "phone")
        assert done.returncode == ExitCode.USAGE
        assert "All addresses of 10.12.0.0/30 are in use." in done.stderr
        assert [each.name for each in clients.read_all(stand.paths)] == ["laptop"]
    finally:
        stand.close()


def test_someone_elses_interface_is_left_alone(stand: Stand) -> None:
    file = wireguard.configuration_file(stand.interface)
    file.parent.mkdir(exist_ok=True)
    file.write_text("[Interface]\n")
    done = stand.shoestring("vpn", "add", "laptop")
    assert done.returncode == ExitCode.FAILED
    assert f"{file} is there already, and not of this instance." in done.stderr
    assert file.read_text() == "[Interface]\n"
    assert clients.read_all(stand.paths) == ()


def test_a_host_without_wireguard_is_told_what_to_install(stand: Stand, tmp_path: Path) -> None:
    programs = tmp_path / "few"
    programs.mkdir()
    for name in ("ip", "wg"):
        (programs / name).symlink_to(f"/usr/bin/{name}" if name == "wg" else "/usr/sbin/ip")
    done = stand.shoestring("vpn", "add", "laptop", PATH=str(programs))
    assert done.returncode == ExitCode.FAILED
    assert "wireguard-go is not installed" in done.stderr
    (programs / "wg").unlink()
    assert (
        "Install the package wireguard-tools" in stand.shoestring("vpn", "add", "laptop", PATH=str(programs)).stderr
    )
    assert clients.read_all(stand.paths) == ()


def test_the_two_hundredth_client_takes_hardly_longer_than_the_first(stand: Stand) -> None:
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
    assert text.count("[Peer]") == 200
    live = stand.live()
    assert {(each.public_key, each.allowed[0]) for each in live.peers} == {
        (each.public_key, f"{each.addresses[0]}/32") for each in known
    }
    client = stand.client(stand.shoestring("vpn", "show", "last2").stdout)
    assert until(lambda: client.fetch(SERVER), lambda answer: answer.stdout == PAGE)


def _seconds(stand: Stand, name: str) -> float:
    """How long an addition takes: the quickest of a few. Of the first ones only the last client stays."""
    taken = []
    for number in range(3):
        began = time.monotonic()
        stand.add(f"{name}{number}")
        taken.append(time.monotonic() - began)
        if number < 2 and name == "first":
            assert stand.shoestring("vpn", "remove", f"{name}{number}", "--yes").returncode == ExitCode.DONE
    return min(taken)


def _client(stand: Stand, name: str, taken: set[str]) -> Client:
    private = keys.generate_private()
    return Client(
        name=name,
        made="2026-01-02T03:04:05Z",
        addresses=addresses.allocate(stand.settings, taken),
        public_key=keys.public_of(private),
        preshared_key=keys.generate_preshared(),
        private_key=private,
    )


def test_hosts_and_tunnel_name_what_is_there(stand: Stand) -> None:
    assert stand.shoestring("hosts").stdout == f"{SERVER} internal.example.test\n"
    tunnel = json.loads(stand.shoestring("tunnel", "--json").stdout)
    assert tunnel["command"][-1].endswith(f"@{ENDPOINT}")
    assert f"127.0.0.1:8081:{SERVER}:8081" in tunnel["command"]


def test_setup_makes_a_first_client_once(stand: Stand) -> None:
    code = (
        "import sys; from pathlib import Path; from installer.vpn import manage; from runtime import settings; "
        "from runtime.paths import Paths; paths = Paths(Path(sys.argv[1])); "
        "print(manage.set_up(manage.open_vpn(paths, settings.load(paths.settings))))"
    )
    for said in ("('WG up, client \"laptop\" made: shoestring vpn show laptop', '')", "('WG up', '')"):
        printed = stand.server.check(sys.executable, "-c", code, str(stand.paths.root))
        assert printed.strip() == said.replace("WG", stand.interface)
    laptop = stand.client(stand.shoestring("vpn", "show", "laptop").stdout)
    assert until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)


def test_a_vpn_that_is_switched_off_goes_down_and_keeps_its_clients(stand: Stand) -> None:
    stand.add("laptop")
    _edit(stand, enabled=False)
    assert "The VPN is off." in stand.shoestring("vpn", "list").stderr
    assert f"{stand.interface} is down" in stand.shoestring("vpn", "apply").stdout
    assert stand.interface not in stand.server.check("ip", "link")
    assert not wireguard.configuration_file(stand.interface).exists()
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.USAGE
    _edit(stand, enabled=True)
    assert stand.shoestring("vpn", "apply").returncode == ExitCode.DONE
    assert [each.public_key for each in stand.live().peers] == [_key_of(stand, "laptop")]
