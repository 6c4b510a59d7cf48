from __future__ import annotations

import json
from pathlib import Path

import pytest

from installer.services import catalogue
from installer.services.registry_docker import login as registry_login
from installer.services.registry_docker import registry, report
from installer.services.registry_docker.gc import SCRIPT, collection
from installer.services.registry_docker.json_results import LoginJson
from runtime.base.paths import Paths
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, InternalTls
from runtime.config.settings import Settings
from runtime.output.encoder import result_json

OTHERS = "127.0.0.1 localhost\n10.0.0.1 nas # mine"


def settings(tls: InternalTls = InternalTls.PRIVATE_CA, https_port: int = 443, http_port: int = 80) -> Settings:
    internal = InternalSettings(
        address=FixedAddress("10.12.0.1"), http_port=http_port, https_port=https_port, tls=tls
    )
    return Settings(domain="example.com", email="ops@example.com", internal=internal)


def application(paths: Paths, host: str) -> None:
    file = catalogue.application_file(paths, registry.NAME)
    file.write_text(f"x-external-host-names: [{host}]\nservices:\n  application:\n    image: registry:2.8.3\n")


def test_address_of_registry(paths: Paths) -> None:
    assert registry.address(paths, settings()) == "docker.internal.example.com"
    assert registry.address(paths, settings(https_port=8444)) == "docker.internal.example.com:8444"
    assert registry.address(paths, settings(InternalTls.NONE)) == "docker.internal.example.com"
    assert registry.address(paths, settings(InternalTls.NONE, http_port=8080)) == "docker.internal.example.com:8080"
    application(paths, "hub.example.com")
    assert registry.address(paths, settings()) == "hub.example.com"


def test_edit_hosts_keeps_other_lines(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text(OTHERS)
    registry_login._edit_hosts(file, "one", "10.12.0.1 docker.one.test")
    registry_login._edit_hosts(file, "two", "10.12.0.1 docker.two.test")
    registry_login._edit_hosts(file, "one", "10.13.0.1 docker.one.test")
    lines = file.read_text().splitlines()
    assert lines[:2] == OTHERS.splitlines()
    assert sorted(lines[2:]) == [
        "10.12.0.1 docker.two.test  # shoestring registry of two",
        "10.13.0.1 docker.one.test  # shoestring registry of one",
    ]
    assert registry_login._own_line(file, "one") == "10.13.0.1 docker.one.test"
    registry_login._edit_hosts(file, "one", "")
    registry_login._edit_hosts(file, "two", "")
    assert file.read_text() == f"{OTHERS}\n"


def test_distrust_removes_own_certificates_only(paths: Paths, tmp_path: Path) -> None:
    places = registry_login.HostFiles(tmp_path / "hosts", tmp_path / "certs.d")
    paths.private_ca.mkdir(parents=True)
    (paths.private_ca / "root.pem").write_text("our root")
    contents = {
        "docker.internal.example.com": "our root",
        "old-name.example.com": "our root",
        "ghcr.example": "other root",
    }
    for name, content in contents.items():
        (places.certificates / name).mkdir(parents=True)
        (places.certificates / name / "ca.crt").write_text(content)
    (places.certificates / "old-name.example.com" / "client.cert").write_text("user-provided")
    assert set(registry_login._distrust(paths, places)) == {"docker.internal.example.com", "old-name.example.com"}
    left = sorted(each.relative_to(places.certificates).as_posix() for each in places.certificates.glob("*/*"))
    assert left == ["ghcr.example/ca.crt", "old-name.example.com/client.cert"]
    assert not (places.certificates / "docker.internal.example.com").exists()


def test_insecure_advice() -> None:
    advice = registry.insecure_advice("docker.internal.example.com", here=False)
    assert '{"insecure-registries": ["docker.internal.example.com"]}' in advice
    assert "systemctl reload docker" in advice


def test_gc_argv_runs_as_registry() -> None:
    config = {"User": "5000:5000", "Cmd": ["/etc/registry.yml"], "Env": ["REGISTRY_HTTP_SECRET=hidden", "PATH=/bin"]}
    line = collection("one_registry-gc", "one", {"Id": "abc", "Image": "sha256:1", "Config": config})
    text = " ".join(line)
    assert "--user 5000:5000 --volumes-from abc --env REGISTRY_HTTP_SECRET --entrypoint sh sha256:1" in text
    assert line[-3:] == (SCRIPT, "registry-gc", "/etc/registry.yml")
    assert "hidden" not in text


def test_require_absent_registry(paths: Paths) -> None:
    with pytest.raises(Exception, match="shoestring service add registry-docker"):
        registry.require(paths)
    application(paths, "docker.internal.example.com")
    registry.require(paths)


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
