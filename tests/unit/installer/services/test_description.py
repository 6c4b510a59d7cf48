"""What a service.yaml may say."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from installer.services import catalogue, description
from installer.services.catalogue import Catalogue
from installer.services.description import Folder
from runtime.base.errors import UsageError
from runtime.base.paths import Paths
from tests.support.builders.services import STORE, service


def test_a_service_is_read_with_all_its_keys(known: Catalogue) -> None:
    store = known["store"]
    assert (store.name, store.title, store.about, store.memory) == ("store", "Store", "keeps things", 60)
    assert store.secrets == ("STORE_PASSWORD", "STORE_READER")
    assert store.shown == ("STORE_PASSWORD",)
    assert store.folders == (Folder(PurePosixPath("store"), 1234, 1235, 0o750),)
    assert store.networks == ("things",)
    assert known["beside"].part_of == "store"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("memry: 5", "unknown keys"),
        ("shown: [OTHER]", "secrets must be"),
        ("secrets: {lower: {kind: password}}", "secrets must be"),
        ("secrets: {A: {kind: key}}", "secrets must be"),
        ('folders: [{path: ../conf, owner: 1, group: 1, mode: "0700"}]', "not a folder below data/"),
        ('folders: [{path: /etc, owner: 1, group: 1, mode: "0700"}]', "not a folder below data/"),
    ],
)
def test_a_mistake_in_what_is_shipped_is_seen(tmp_path: Path, line: str, told: str) -> None:
    key = line.split(":")[0]
    text = "".join(each for each in STORE.splitlines(keepends=True) if not each.startswith(f"{key}:"))
    made = service(tmp_path, "store", text + line + "\n")
    with pytest.raises(ValueError, match=told):
        description.read(made)


def test_what_a_service_needs_comes_before_it_and_once(known: Catalogue) -> None:
    assert [each.name for each in catalogue.complete(known, ("front", "beside", "store"))] == [
        "store",
        "front",
        "beside",
    ]


def test_a_name_that_is_none_is_told_with_the_nearest(known: Catalogue) -> None:
    with pytest.raises(UsageError, match="There is no service stor; did you mean store?"):
        catalogue.complete(known, ("stor",))


def test_the_application_file_alone_tells_whether_it_is_there(known: Catalogue, paths: Paths) -> None:
    assert catalogue.present(known, paths) == ()
    for name in ("front", "store"):
        catalogue.application_file(paths, name).write_text("services: {}\n")
    assert [each.name for each in catalogue.present(known, paths)] == ["store", "front"]
