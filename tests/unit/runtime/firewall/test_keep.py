from __future__ import annotations

import socket

import pytest

from runtime.firewall import bridges, keep
from runtime.firewall.model import Bridges


def test_whose_bridges_are(monkeypatch: pytest.MonkeyPatch) -> None:
    there = ("lo", "eth0", "docker0", "br-0123456789ab", "br-lan", "br-app", "app0", "virbr0", "docker_gwbridge")
    monkeypatch.setattr(socket, "if_nameindex", lambda: list(enumerate(there)))
    monkeypatch.setattr(bridges.os.path, "isdir", lambda path: "eth0" not in path and "/lo/" not in path)
    assert bridges.unclear() == ("app0", "br-app", "br-lan", "virbr0")
    found = keep.sorted_out(bridges.unclear(), {"docker0", "br-app", "app0"})
    assert found == Bridges(docker=("app0",), others=("br-lan",))
