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


def test_without_a_file() -> None:
    found = rotation(None)
    assert json.loads(found.content) == {"log-driver": DRIVER, "log-opts": ROTATION}
    assert found.added == ("log-driver: json-file", "log-opts.max-size: 10m", "log-opts.max-file: 3")
    assert rotation("\n") == found


def test_keys_of_a_person_stay() -> None:
    theirs = {"dns": ["9.9.9.9"], "log-driver": "local", "log-opts": {"max-file": "9", "tag": "é"}, "debug": False}
    found = rotation(json.dumps(theirs))
    merged = json.loads(found.content)
    assert merged == {**theirs, "log-opts": {"max-file": "9", "tag": "é", "max-size": "10m"}}
    assert list(merged) == list(theirs)
    assert found.added == ("log-opts.max-size: 10m",)


@pytest.mark.parametrize(
    ("present", "why"),
    [
        ({"log-opts": {"max-size": "1m"}}, "rotated already"),
        ({"log-driver": "journald"}, "go to journald"),
        (json.loads(rotation(None).content), "rotated already"),
    ],
)
def test_nothing_to_do(present: dict[str, object], why: str) -> None:
    found = rotation(json.dumps(present))
    assert found.content == ""
    assert why in found.why


def test_what_dockerd_was_started_with_rules() -> None:
    found = rotation("{}", ("/usr/bin/dockerd", "-H", "fd://", "--log-opt=max-size=5m"))
    assert (found.content, "--log-opt=max-size=5m" in found.why) == ("", True)


@pytest.mark.parametrize("present", ["{", "[]", '{"log-opts": []}', '{"a": 1,}'])
def test_a_broken_file_is_told_and_left(present: str) -> None:
    with pytest.raises(ShoestringError, match=r"daemon\.json"):
        rotation(present)


def written(directory: Path, before: str | None) -> Path:
    """A file as `apply` leaves it."""
    file = directory / FILE
    file.write_text(rotation(before).content)
    if before is not None:
        (directory / COPY).write_text(before)
    return file


@pytest.mark.parametrize("before", ['{"dns": ["9.9.9.9"]}', "", "{ }"])
def test_undo_puts_the_file_back(tmp_path: Path, before: str) -> None:
    file = written(tmp_path, before)
    assert undo_description(file) == "restored"
    undo(file)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [(FILE, before)]


def test_undo_removes_a_file_that_was_not_there(tmp_path: Path) -> None:
    file = written(tmp_path, None)
    assert undo_description(file) == "removed"
    undo(file)
    assert list(tmp_path.iterdir()) == []


def test_undo_leaves_a_file_that_was_changed_since(tmp_path: Path) -> None:
    file = written(tmp_path, '{"dns": ["9.9.9.9"]}')
    file.write_text('{"dns": ["1.1.1.1"]}')
    assert "not restored" in undo_description(file)
    undo(file)
    assert file.read_text() == '{"dns": ["1.1.1.1"]}'
    assert (tmp_path / COPY).is_file()


@pytest.mark.parametrize("theirs", [None, "", '{"debug": true}'])
def test_undo_leaves_a_file_that_is_not_ours(tmp_path: Path, theirs: str | None) -> None:
    file = tmp_path / FILE
    if theirs is not None:
        file.write_text(theirs)
    assert undo_description(file) == ""
    undo(file)
    assert (file.read_text() if file.exists() else None) == theirs


@pytest.mark.processes
def test_apply_keeps_a_copy_and_is_done_once(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text('{"debug": true}')
    docker_daemon.apply(rotation(file.read_text()), file)
    assert json.loads(file.read_text())["log-opts"] == ROTATION
    assert (tmp_path / COPY).read_text() == '{"debug": true}'
    assert sorted(each.name for each in tmp_path.iterdir()) == [FILE, COPY]
    assert rotation(file.read_text()).content == ""


@pytest.mark.processes
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_mode_and_owner_stay_a_persons(tmp_path: Path) -> None:
    """It can have the password of a proxy in it."""
    file = tmp_path / FILE
    file.write_text("{}")
    file.chmod(0o640)
    os.chown(file, 1000, 1001)

    docker_daemon.apply(rotation("{}"), file)
    assert (owned(file), (tmp_path / COPY).stat().st_gid) == ((0o640, 1000, 1001), 1001)
    undo(file)
    assert (file.read_text(), owned(file)) == ("{}", (0o640, 1000, 1001))


def owned(file: Path) -> tuple[int, int, int]:
    """Mode, owner and group of a file."""
    status = file.stat()
    return status.st_mode & 0o7777, status.st_uid, status.st_gid


@pytest.mark.processes
def test_the_mode_of_now_stays_when_it_is_put_back(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text("{}")
    file.chmod(0o644)
    docker_daemon.apply(rotation("{}"), file)
    file.chmod(0o600)
    undo(file)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.processes
@pytest.mark.parametrize("before", ["{}", None])
def test_a_link_stays_a_link(tmp_path: Path, before: str | None) -> None:
    """A person may keep the settings of a host in one place; there need be none of Docker's yet."""
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
def test_a_file_is_put_back_to_the_byte(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_bytes(b'{\r\n  "debug": true\r\n}\r\n')
    docker_daemon.apply(docker_daemon.plan_for_host(file), file)
    undo(file)
    assert file.read_bytes() == b'{\r\n  "debug": true\r\n}\r\n'


def test_an_undo_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    """The file is as it was, and only its copy is still there."""
    for file in (tmp_path / FILE, tmp_path / COPY):
        file.write_text("{}")
    assert undo_description(tmp_path / FILE) == "restored"
    undo(tmp_path / FILE)
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_a_file_that_cannot_be_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff")
    with pytest.raises(ShoestringError, match=r"daemon\.json.*Correct it"):
        docker_daemon.plan_for_host(tmp_path / FILE)


@pytest.mark.processes
def test_what_dockerd_refuses_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dockerd = tmp_path / "dockerd"
    dockerd.write_text("#!/bin/sh\necho 'the following directives are unknown: dsn' >&2\nexit 1\n")
    dockerd.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    file = tmp_path / "etc" / FILE
    with pytest.raises(ShoestringError, match=r"(?s)unknown: dsn.*Correct .*daemon\.json.*--no-log-rotation"):
        docker_daemon.apply(rotation('{"dsn": []}'), file)
    assert list(file.parent.iterdir()) == []
