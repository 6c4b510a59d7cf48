from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from installer.host import docker_daemon
from installer.host.docker_daemon import DRIVER, ROTATION, rotation, undo, undo_description
from runtime.base.errors import ShoestringError

FILE = "daemon.json"
COPY = "daemon.json.before-shoestring"


def test_rotation_without_file() -> None:
    found = rotation(None)
    assert json.loads(found.content) == {"log-driver": DRIVER, "log-opts": ROTATION}
    assert found.added == ("log-driver: json-file", "log-opts.max-size: 10m", "log-opts.max-file: 3")
    assert rotation("\n") == found


def test_rotation_keeps_user_provided_keys() -> None:
    user_provided = {
        "dns": ["9.9.9.9"],
        "log-driver": "local",
        "log-opts": {"max-file": "9", "tag": "é"},
        "debug": False,
    }
    found = rotation(json.dumps(user_provided))
    merged = json.loads(found.content)
    assert merged == {**user_provided, "log-opts": {"max-file": "9", "tag": "é", "max-size": "10m"}}
    assert list(merged) == list(user_provided)
    assert found.added == ("log-opts.max-size: 10m",)


@pytest.mark.parametrize(
    ("present", "why"),
    [
        ({"log-opts": {"max-size": "1m"}}, "rotated already"),
        ({"log-driver": "journald"}, "go to journald"),
        (json.loads(rotation(None).content), "rotated already"),
    ],
)
def test_rotation_unneeded(present: dict[str, object], why: str) -> None:
    found = rotation(json.dumps(present))
    assert found.content == ""
    assert why in found.why


def test_rotation_respects_options_of_dockerd() -> None:
    found = rotation("{}", ("/usr/bin/dockerd", "-H", "fd://", "--log-opt=max-size=5m"))
    assert (found.content, "--log-opt=max-size=5m" in found.why) == ("", True)


@pytest.mark.parametrize("present", ["{", "[]", '{"log-opts": []}', '{"a": 1,}'])
def test_rotation_refuses_invalid_file(present: str) -> None:
    with pytest.raises(ShoestringError, match=r"daemon\.json"):
        rotation(present)


def written(directory: Path, before: str | None) -> Path:
    """Write the file like `apply`."""
    file = directory / FILE
    file.write_text(rotation(before).content)
    if before is not None:
        (directory / COPY).write_text(before)
    return file


@pytest.mark.parametrize("before", ['{"dns": ["9.9.9.9"]}', "", "{ }"])
def test_undo_restores_file(tmp_path: Path, before: str) -> None:
    file = written(tmp_path, before)
    assert undo_description(file) == "restored"
    undo(file)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [(FILE, before)]


def test_undo_removes_created_file(tmp_path: Path) -> None:
    file = written(tmp_path, None)
    assert undo_description(file) == "removed"
    undo(file)
    assert list(tmp_path.iterdir()) == []


def test_undo_keeps_file_changed_since(tmp_path: Path) -> None:
    file = written(tmp_path, '{"dns": ["9.9.9.9"]}')
    file.write_text('{"dns": ["1.1.1.1"]}')
    assert "not restored" in undo_description(file)
    undo(file)
    assert file.read_text() == '{"dns": ["1.1.1.1"]}'
    assert (tmp_path / COPY).is_file()


@pytest.mark.parametrize("user_provided", [None, "", '{"debug": true}'])
def test_undo_keeps_file_of_others(tmp_path: Path, user_provided: str | None) -> None:
    file = tmp_path / FILE
    if user_provided is not None:
        file.write_text(user_provided)
    assert undo_description(file) == ""
    undo(file)
    assert (file.read_text() if file.exists() else None) == user_provided


@pytest.mark.processes
def test_apply_keeps_copy_and_needs_no_second_run(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text('{"debug": true}')
    docker_daemon.apply(rotation(file.read_text()), file)
    assert json.loads(file.read_text())["log-opts"] == ROTATION
    assert (tmp_path / COPY).read_text() == '{"debug": true}'
    assert sorted(each.name for each in tmp_path.iterdir()) == [FILE, COPY]
    assert rotation(file.read_text()).content == ""


@pytest.mark.processes
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_apply_and_undo_keep_mode_and_owner(tmp_path: Path) -> None:
    """The file may contain the password of a proxy."""
    file = tmp_path / FILE
    file.write_text("{}")
    file.chmod(0o640)
    os.chown(file, 1000, 1001)

    docker_daemon.apply(rotation("{}"), file)
    assert (owned(file), (tmp_path / COPY).stat().st_gid) == ((0o640, 1000, 1001), 1001)
    undo(file)
    assert (file.read_text(), owned(file)) == ("{}", (0o640, 1000, 1001))


def owned(file: Path) -> tuple[int, int, int]:
    """Return mode, owner and group of a file."""
    status = file.stat()
    return status.st_mode & 0o7777, status.st_uid, status.st_gid


@pytest.mark.processes
def test_undo_keeps_present_mode(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text("{}")
    file.chmod(0o644)
    docker_daemon.apply(rotation("{}"), file)
    file.chmod(0o600)
    undo(file)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.processes
@pytest.mark.parametrize("before", ["{}", None])
def test_apply_and_undo_keep_symbolic_link(tmp_path: Path, before: str | None) -> None:
    """A user may keep the settings of a host in one place; the target of the link may not exist yet."""
    kept = tmp_path / "kept" / "docker.json"
    kept.parent.mkdir()
    if before is not None:
        kept.write_text(before)
    file = tmp_path / FILE
    file.symlink_to("kept/docker.json")

    docker_daemon.apply(rotation(before), file)
    assert (file.is_symlink(), json.loads(kept.read_text())["log-opts"]) == (True, ROTATION)
    undo(file)
    assert (file.is_symlink(), kept.read_text() if kept.exists() else None) == (True, before)
    assert not (tmp_path / COPY).exists()


@pytest.mark.processes
def test_undo_restores_every_byte(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_bytes(b'{\r\n  "debug": true\r\n}\r\n')
    docker_daemon.apply(docker_daemon.plan_for_host(file), file)
    undo(file)
    assert file.read_bytes() == b'{\r\n  "debug": true\r\n}\r\n'


def test_undo_continues_after_interruption(tmp_path: Path) -> None:
    """The file is restored, and only its copy is left."""
    for file in (tmp_path / FILE, tmp_path / COPY):
        file.write_text("{}")
    assert undo_description(tmp_path / FILE) == "restored"
    undo(tmp_path / FILE)
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_plan_for_host_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff")
    with pytest.raises(ShoestringError, match=r"daemon\.json.*Correct it"):
        docker_daemon.plan_for_host(tmp_path / FILE)


@pytest.mark.processes
def test_apply_refused_by_dockerd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dockerd = tmp_path / "dockerd"
    dockerd.write_text("#!/bin/sh\necho 'the following directives are unknown: dsn' >&2\nexit 1\n")
    dockerd.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    file = tmp_path / "etc" / FILE
    with pytest.raises(ShoestringError, match=r"(?s)unknown: dsn.*Correct .*daemon\.json.*--no-log-rotation"):
        docker_daemon.apply(rotation('{"dsn": []}'), file)
    assert list(file.parent.iterdir()) == []
