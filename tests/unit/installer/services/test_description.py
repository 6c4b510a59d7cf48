"""The keys of service.yaml."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from installer.services import description
from installer.services.catalogue import Catalogue
from installer.services.description import ServiceFolder
from runtime.base.errors import ShoestringError
from tests.support.builders.services import STORE, service


def test_read_all_keys(known: Catalogue) -> None:
    store = known["store"]
    assert (store.name, store.title, store.about, store.memory) == ("store", "Store", "keeps things", 60)
    assert store.secrets == ("STORE_PASSWORD", "STORE_READER")
    assert store.shown == ("STORE_PASSWORD",)
    assert store.folders == (ServiceFolder(PurePosixPath("store"), 1234, 1235, 0o750),)
    assert store.networks == ("things",)
    assert known["beside"].part_of == "store"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("memry: 5", "unknown key"),
        ("memory: none", "memory: 'none' is not a whole number"),
        ("shown: [OTHER]", "shown: has a name that is not among secrets"),
        ("secrets: {lower: {kind: password}}", "secrets: each secret must be"),
        ("secrets: {A: {kind: key}}", "secrets: each secret must be"),
        ("folders: [{path: store}]", "must have path, owner, group and mode"),
        ('folders: [{path: ../conf, owner: 1, group: 1, mode: "0700"}]', "not a folder below data/"),
        ('folders: [{path: /etc, owner: 1, group: 1, mode: "0700"}]', "not a folder below data/"),
    ],
)
def test_read_refuses_invalid_value(tmp_path: Path, line: str, message: str) -> None:
    key = line.split(":")[0]
    text = "".join(each for each in STORE.splitlines(keepends=True) if not each.startswith(f"{key}:"))
    made = service(tmp_path, "store", text + line + "\n")
    with pytest.raises(ShoestringError, match=message):
        description.read(made)
