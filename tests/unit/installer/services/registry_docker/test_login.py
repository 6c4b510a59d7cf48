from __future__ import annotations

from pathlib import Path

from installer.services.registry_docker import login as registry_login
from runtime.base.paths import Paths

OTHERS = "127.0.0.1 localhost\n10.0.0.1 nas # mine"


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
