from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from runtime.base.paths import Paths
from runtime.firewall import bridges, model, reconcile, ssh
from runtime.firewall.model import Bridges
from tests.support.builders.runtime import desired


def test_classify_bridges(monkeypatch: pytest.MonkeyPatch) -> None:
    there = ("lo", "eth0", "docker0", "br-0123456789ab", "br-lan", "br-app", "app0", "virbr0", "docker_gwbridge")
    monkeypatch.setattr(socket, "if_nameindex", lambda: list(enumerate(there)))
    monkeypatch.setattr(os.path, "isdir", lambda path: "eth0" not in path and "/lo/" not in path)
    assert bridges.unclear() == ("app0", "br-app", "br-lan", "virbr0")
    found = model.classify(bridges.unclear(), {"docker0", "br-app", "app0"})
    assert found == Bridges(docker=("app0",), others=("br-lan",))


def test_notes_of_copy_on_another_host(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, machine = desired(settings_text="firewall: on\n"), tmp_path / "machine-id"
    assert reconcile.notes(wanted, paths) == (reconcile.NOT_YET,)
    machine.write_text("0a" * 16)
    ssh.confirm(paths.firewall, {22}, machine)
    assert not reconcile.is_confirmed(wanted, paths)
    assert reconcile.difference(wanted, paths, frozenset) is None
    assert reconcile.notes(wanted, paths) == (reconcile.ELSEWHERE,)
    assert reconcile.notes(desired(), paths) == ()
    ssh.confirm(paths.firewall, {22})
    assert reconcile.is_confirmed(wanted, paths)
    assert reconcile.notes(wanted, paths) == ()
