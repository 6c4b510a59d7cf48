"""Removing services. No container is started."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import MagicMock

import pytest

from installer.data_directory import conf_repository
from installer.services import add, catalogue, remove
from installer.services.catalogue import Catalogue
from runtime.base import files
from runtime.base.errors import ShoestringError, UsageError
from runtime.base.paths import Paths, RunPaths, Side
from runtime.config import settings
from runtime.context.cluster import Cluster
from tests.support.builders.data_directory import git
from tests.support.builders.services import wanted

pytestmark = pytest.mark.processes


def test_plan_keeps_data_and_configuration(made: Paths, known: Catalogue) -> None:
    add.write(made, wanted(made, known, "front"))
    removal = remove.plan(made, known, ("store", "front"), purge=False)
    assert [each.name for each in removal.services] == ["front", "store"]
    assert removal.kept == (made.conf / "store", made.data / "store")
    assert (removal.folders, removal.secrets) == ((), ())
    with pytest.raises(UsageError, match="Front needs it. Remove front too, or first."):
        remove.plan(made, known, ("store",), purge=False)


def cluster_of(paths: Paths, tmp_path: Path) -> Cluster:
    """Return a stopped cluster without an engine."""
    cluster = Cluster(paths, settings.load(paths.settings), RunPaths("main", tmp_path / "run"), MagicMock())
    files.make_directory(cluster.run.directory)
    cluster.run.stopped.touch()
    return cluster


def test_carry_out_keeps_changed_file_if_commit_fails(
    made: Paths, known: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remove, "_require_removed", lambda _cluster, _service: None)
    add.write(made, wanted(made, known, "store"))
    file = catalogue.application_file(made, "store")
    file.write_text(file.read_text() + "# mine\n")
    held = made.conf / ".git" / "index.lock"
    held.touch()
    planned, cluster = remove.plan(made, known, ("store",), purge=False), cluster_of(made, tmp_path)
    with pytest.raises(ShoestringError, match=r"^Store was not removed\. (?s:.*)index\.lock"):
        remove.carry_out(cluster, planned)
    assert file.read_text().endswith("# mine\n")
    held.unlink()
    assert remove.carry_out(cluster, planned) == remove.RemovedServices()
    assert not file.exists()
    assert git(made, "log", "-2", "--format=%s").splitlines() == [
        "Service removed: store",
        "edit store: changed by hand",
    ]


def test_carry_out_without_repository_has_note(
    made: Paths, known: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remove, "_require_removed", lambda _cluster, _service: None)
    add.write(made, wanted(made, known, "store"))
    files.remove_tree(made.conf / ".git")
    removed = remove.carry_out(cluster_of(made, tmp_path), remove.plan(made, known, ("store",), purge=False))
    assert not catalogue.is_present(made, "store")
    (note,) = removed.notes
    assert note == conf_repository.commit_or_explain(made.conf, (), "")


def test_plan_purge_keeps_secrets_of_others(made: Paths, known: Catalogue) -> None:
    add.write(made, wanted(made, known, "store"))
    other = made.applications(Side.PUBLIC) / "shop.yaml"
    other.write_text("services: {application: {image: a, environment: {KEY: '${STORE_READER}'}}}\n")
    removal = remove.plan(made, known, ("store",), purge=True)
    assert removal.folders == (made.conf / "store", made.data / "store")
    assert removal.secrets == ("STORE_PASSWORD",)
    assert removal.used == ("STORE_READER",)
    other.write_text("services: [broken\n")
    assert remove.plan(made, known, ("store",), purge=True).secrets == ()
    other.unlink()
    assert remove.plan(made, known, ("store",), purge=True).secrets == ("STORE_PASSWORD", "STORE_READER")
