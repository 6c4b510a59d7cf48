"""The fast path measures real clients of a real WireGuard interface; each end is a network namespace of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.vpn import clients
from runtime.metrics import export
from tests.support.vpn.stand import SERVER, Stand

# As `python -m runtime watchdog` does it, in the server's namespace.
RUN = "import sys; from runtime.metrics import export; sys.exit(not export.export_again(sys.argv[1], 'token'))"


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    opened = Stand(tmp_path)
    try:
        yield opened
    finally:
        opened.close()


def test_export_again_connected_and_unknown_clients(stand: Stand, tmp_path: Path) -> None:
    laptop = stand.client(stand.add("laptop"))
    stand.add("phone")
    assert laptop.fetch(SERVER).returncode == 0
    known = {each.public_key: each.name for each in clients.read_all(stand.paths)}
    facts = {
        "problems": 0,
        "applications": [],
        "proxies": [],
        "certificates": [],
        "interface": stand.interface,
        "clients": known,
    }
    (tmp_path / export.DIRECTORY).mkdir()
    (tmp_path / export.FACTS).write_text(json.dumps({"token": "token", "facts": facts}))
    stand.server.check(sys.executable, "-c", RUN, str(tmp_path))
    text = (tmp_path / export.DIRECTORY / export.FILE).read_text()
    found = {line.split(" ")[0]: line.split(" ")[1] for line in text.splitlines()}
    assert "connected=1i" in found["shoestring_peer,client=laptop"]
    assert "rx_bytes=0i" not in found["shoestring_peer,client=laptop"]
    assert found["shoestring_peer,client=phone"] == "rx_bytes=0i,tx_bytes=0i,handshake_age=-1i,connected=0i"
    assert not any(key in text for key in known)
