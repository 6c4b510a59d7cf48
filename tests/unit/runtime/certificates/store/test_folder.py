"""The files of certificates in a proxy's folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from runtime.base import failpoints, files
from runtime.certificates.store import folder
from runtime.certificates.store.keys import KeyPair
from runtime.proxy.container import PROXY_GID
from tests.support.builders import certificates

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to the proxy's group")


class KilledError(Exception):
    """What ends a write at a failpoint."""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "ssl"


def write(file: Path, pair: KeyPair) -> None:
    folder.write(file, pair.certificate, pair.key)


def test_write_pair_for_the_proxy_group(directory: Path) -> None:
    file, pair = directory / "shop.pem", certificates.leaf()
    write(file, pair)
    assert folder.read_pair(file) == (pair.certificate, pair.key)
    for each in (file, folder.key_file(file)):
        status = each.stat()
        assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o640, PROXY_GID)
    assert [each.problem for each in folder.scan(directory)] == [""]
    assert not folder.is_unfinished(directory)


def test_read_pair_of_one_file(directory: Path) -> None:
    directory.mkdir()
    pair = certificates.leaf()
    both = pair.certificate + pair.key
    (directory / "shop.pem").write_bytes(both)
    assert folder.read_pair(directory / "shop.pem") == (both, both)


@pytest.mark.parametrize("step", ["both", "key", "certificate"])
def test_write_interrupted_keeps_valid_pair(directory: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """After each step HAProxy can start: the old pair, or the new one."""
    file, old, new = directory / "shop.pem", certificates.leaf(serial=1), certificates.leaf(serial=2)
    write(file, old)

    def kill(name: str) -> None:
        if name == f"install-{step}":
            raise KilledError

    monkeypatch.setattr(folder, "failpoint", kill)
    with pytest.raises(KilledError):
        write(file, new)
    monkeypatch.setattr(folder, "failpoint", failpoints.failpoint)
    (found,) = folder.scan(directory)
    assert (found.problem, found.serial) == ("", 2)
    unfinished = step != "certificate"
    assert folder.is_unfinished(directory) is unfinished
    assert folder.finish(directory) == (("shop",) if unfinished else ())
    assert not folder.is_unfinished(directory)
    assert folder.read_pair(file) == (new.certificate, new.key)


def test_finish_sweeps_partial_files(directory: Path) -> None:
    directory.mkdir()
    (directory / ".shop.pem.abcd1234.part").touch()
    assert folder.is_unfinished(directory)
    assert folder.finish(directory) == ()
    assert list(directory.iterdir()) == []


def test_scan_reports_files_that_haproxy_cannot_use(directory: Path) -> None:
    pair = certificates.leaf()
    for name in ("fine.pem", "private.pem", "a name.pem"):
        write(directory / name, pair)
    (directory / "private.pem.key").chmod(0o600)
    (directory / "broken.pem").write_bytes(b"")
    problems = {each.file.name: each.problem for each in folder.scan(directory)}
    assert problems.pop("fine.pem") == ""
    assert "chmod 640" in problems["private.pem"]
    assert problems["a name.pem"].endswith("rename it.")
    assert problems["broken.pem"].endswith("HAProxy cannot start again while it is there.")


def test_archive_moves_pair_to_private_files(directory: Path, tmp_path: Path) -> None:
    file, target, pair = directory / "shop.pem", tmp_path / "archive" / "shop-7.pem", certificates.leaf()
    write(file, pair)
    folder.archive(file, target)
    assert list(directory.iterdir()) == []
    assert folder.read_pair(target) == (pair.certificate, pair.key)
    assert {stat.S_IMODE(each.stat().st_mode) for each in target.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700


def test_archive_without_key(directory: Path, tmp_path: Path) -> None:
    files.make_directory(directory)
    (directory / "shop.pem").write_bytes(certificates.leaf().certificate)
    folder.archive(directory / "shop.pem", tmp_path / "archive" / "shop.pem")
    assert [each.name for each in (tmp_path / "archive").iterdir()] == ["shop.pem"]
