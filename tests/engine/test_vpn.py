"""The VPN between network namespaces: clients made only from what `vpn add` prints, with real WireGuard."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.host import wireguard
from installer.vpn import clients, keys
from runtime.base.errors import ExitCode
from tests.support.engine import until
from tests.support.vpn.stand import ENDPOINT, PAGE, SERVER, SERVER6, Download, Stand

# Sends one unfragmentable datagram to a closed port: the server's refusal proves that it arrived.
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
    with contextlib.closing(Stand(tmp_path)) as made:
        yield made


def test_add_client_reaches_internal_side(stand: Stand) -> None:
    laptop = stand.client(stand.add("laptop"))
    assert until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)
    assert laptop.fetch(f"[{SERVER6}]").stdout == PAGE
    listed = json.loads(stand.shoestring("vpn", "list", "--json").stdout)["clients"]
    assert [each["name"] for each in listed] == ["laptop"]
    assert listed[0]["handshake"]
    assert listed[0]["received_bytes"] > 0
    status = json.loads(stand.shoestring("vpn", "status", "--json").stdout)
    assert (status["ok"], status["clients"], status["connected"]) == (True, 1, 1)


def test_show_qr_client_reaches_internal_side(stand: Stand, tmp_path: Path) -> None:
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
    """Write what a camera sees of a terminal as a PGM file; each character has an upper and a lower half."""
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


def test_mtu_packet_passes_and_larger_one_is_refused(stand: Stand) -> None:
    laptop = stand.client(stand.add("laptop"))
    until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)
    # 28 bytes are the headers of IPv4 and UDP.
    assert laptop.check(sys.executable, "-c", PROBE, SERVER, str(1420 - 28)).strip() == "Connection refused"
    assert laptop.check(sys.executable, "-c", PROBE, SERVER, str(1421 - 28)).strip() == "Message too long"


def test_remove_client_others_stay_connected(stand: Stand) -> None:
    laptop, phone = stand.client(stand.add("laptop")), stand.client(stand.add("phone"))
    for each in (laptop, phone):
        until(lambda each=each: each.fetch(SERVER), lambda answer: answer.stdout == PAGE)  # type: ignore[misc]
    download = Download(phone)
    try:
        before = stand.live().peer(stand.key_of("phone"))
        done = stand.shoestring("vpn", "remove", "laptop", "--yes")
        assert done.returncode == 0, done.stderr
        stand.add("another")
        download.resume()
        for address in (SERVER, f"[{SERVER6}]"):
            assert laptop.fetch(address, timeout=2).returncode != 0
        download.resume()
        after = stand.live().peer(stand.key_of("phone"))
    finally:
        download.close()
    assert download.numbers == list(range(len(download.numbers)))
    # It is still the same session: no new handshake was needed, and the counters continued.
    assert before
    assert after
    assert after.handshake == before.handshake
    assert after.sent > before.sent
    assert len(stand.live().peers) == 2


def test_add_with_public_key(stand: Stand) -> None:
    private = keys.generate_private()
    text = stand.add("laptop", "--public-key", keys.public_of(private))
    assert "PrivateKey = PUT-YOUR-PRIVATE-KEY-HERE\n" in text
    laptop = stand.client(text.replace("PUT-YOUR-PRIVATE-KEY-HERE", private))
    until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)
    assert stand.shoestring("vpn", "show", "laptop").stdout.strip() == text.strip()
    assert stand.shoestring("vpn", "show", "laptop", "--qr").returncode == ExitCode.USAGE


def test_secrets_file_modes_and_git(stand: Stand) -> None:
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


def test_hosts_and_tunnel_commands(stand: Stand) -> None:
    assert stand.shoestring("vpn", "hosts").stdout == f"{SERVER} internal.example.test\n"
    tunnel = json.loads(stand.shoestring("vpn", "tunnel", "--json").stdout)
    assert tunnel["command"][-1].endswith(f"@{ENDPOINT}")
    assert f"127.0.0.1:8081:{SERVER}:8081" in tunnel["command"]


def test_set_up_adds_first_client_once(stand: Stand) -> None:
    code = (
        "import sys; from pathlib import Path; from installer.vpn import operations; "
        "from runtime.config import settings; "
        "from runtime.base.paths import Paths; paths = Paths(Path(sys.argv[1])); "
        "print(operations.set_up(operations.open_vpn(paths, settings.load(paths.settings))))"
    )
    for said in ("('WG up, client \"laptop\" added: shoestring vpn show laptop', '')", "('WG up', '')"):
        printed = stand.server.check(sys.executable, "-c", code, str(stand.paths.root))
        assert printed.strip() == said.replace("WG", stand.interface)
    laptop = stand.client(stand.shoestring("vpn", "show", "laptop").stdout)
    assert until(lambda: laptop.fetch(SERVER), lambda answer: answer.stdout == PAGE)
