"""The output about the registry."""

from __future__ import annotations

import json
from pathlib import Path

from installer.services.registry_docker import login as registry_login
from installer.services.registry_docker import report
from installer.services.registry_docker.json_results import LoginJson
from runtime.output.encoder import result_json


def test_login_lines_and_json(tmp_path: Path) -> None:
    places = registry_login.HostFiles(tmp_path / "hosts", tmp_path / "certs.d")
    login = registry_login.RegistryLogin("hub.test", "10.12.0.1 hub.test", b"our root", places=places)
    added = [f"10.12.0.1 hub.test in {tmp_path}/hosts", f"your CA in {tmp_path}/certs.d/hub.test/ca.crt"]
    assert report.login_lines(login, dry_run=True) == [
        *(f"  + {each}" for each in added),
        "  ~ login to hub.test",
        "  Nothing was changed.",
    ]
    assert report.login_lines(login, dry_run=False)[-1] == "  ✓ logged in to hub.test"
    answer = {"version": 2, "ok": True, "address": "hub.test", "done": added, "note": None}
    assert json.loads(result_json(LoginJson.of(login))) == answer


def test_login_lines_with_note() -> None:
    login = registry_login.RegistryLogin("hub.test", note="Do this first.")
    for dry_run in (True, False):
        assert report.login_lines(login, dry_run=dry_run) == ["  Do this first."]
    answer = json.loads(result_json(LoginJson.of(login)))
    assert (answer["ok"], answer["note"], answer["done"]) == (False, "Do this first.", [])
