"""Finding and deleting data that Postgres does not use."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from installer.services.postgres import data_folder, prune
from installer.services.postgres import server as servers
from runtime.base.errors import UsageError
from runtime.base.paths import RunPaths
from runtime.reconcile.snapshot import Snapshot


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all versions: 17 is in use, 15 and 16.failed are not, and one is no data."""
    parent = tmp_path / "postgres"
    for name in ("15", "16.failed", "17"):
        (parent / name / "base").mkdir(parents=True)
        (parent / name / prune.VERSION_FILE).write_text(f"{name[:2]}\n")
        (parent / name / "base" / "1").write_bytes(b"x" * 10_000)
    (parent / "notes").mkdir()
    (parent / "15" / "link").symlink_to(parent / "notes")
    monkeypatch.setattr(servers, "find", lambda _cluster: None)
    monkeypatch.setattr(Snapshot, "desired", SimpleNamespace(variables={}))
    monkeypatch.setattr(data_folder, "folder", lambda _service, _variables: parent / "17")
    return parent


@pytest.fixture
def cluster(tmp_path: Path) -> Any:
    return SimpleNamespace(run=RunPaths("shoestring", tmp_path / "run"))


def test_find_unused_data_with_size(folder: Path, cluster: Any) -> None:
    found = prune.find(cluster, "16.failed")
    assert found.folder == folder / "16.failed"
    assert found.size >= 10_000


@pytest.mark.parametrize("name", ["17", "notes", "99", "../postgres"])
def test_find_refuses_data_in_use_and_other_names(folder: Path, cluster: Any, name: str) -> None:
    with pytest.raises(UsageError):
        prune.find(cluster, name)
    with pytest.raises(UsageError):
        prune.remove(cluster, name)
    assert (folder / "17" / "base" / "1").exists()


def test_remove_only_named_data(folder: Path, cluster: Any) -> None:
    prune.remove(cluster, "15")
    assert sorted(each.name for each in folder.iterdir()) == ["16.failed", "17", "notes"]


def test_remove_after_interruption(folder: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_name: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(prune, "failpoint", interrupt)
        with pytest.raises(KeyboardInterrupt):
            prune.remove(cluster, "15")
    assert [each.name for each in (folder / "15").iterdir()] == [prune.VERSION_FILE]
    prune.remove(cluster, "15")
    assert not (folder / "15").exists()
