"""User-provided certificates in a proxy's folder: loaded if usable, reported if not, never changed."""

from __future__ import annotations

import os

import pytest

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.reconcile import operations
from tests.support.certificates.stand import Stand, make, make_long

A, B = "a.example.test", "b.example.test"


def test_load_update_and_unload(
    stand: Stand,
) -> None:
    stand.install("b", make(B), B)
    before = stand.processes()
    first, second = make(A), make(A)
    stand.put_there("mine", first)
    assert stand.load() == "loaded mine"
    assert stand.served(A) == first.serial
    stand.put_there("mine", second)
    assert stand.load() == "loaded mine"
    assert stand.served(A) == second.serial
    assert stand.load() == ""
    for suffix in (".pem", ".pem.key"):
        (stand.folder() / f"mine{suffix}").unlink()
    assert stand.load() == "dropped mine.pem"
    assert stand.processes() == before
    assert "mine.pem" not in stand.loaded()
    assert stand.served(A) != second.serial


def test_load_pair_in_one_file(stand: Stand) -> None:
    pair = make(A)
    (stand.folder() / "mine.pem").write_bytes(pair.key + pair.certificate)
    assert stand.load() == "loaded mine"
    assert stand.served(A) == pair.serial
    assert (stand.folder() / "mine.pem").read_bytes() == pair.key + pair.certificate


def test_load_skips_broken_file(stand: Stand) -> None:
    good, mine = make(A), make(B)
    stand.put_there("mine", mine)
    broken = stand.folder() / "broken.pem"
    broken.write_text("nonsense")
    assert stand.load() == "loaded mine"
    assert broken.read_text() == "nonsense"
    assert set(stand.loaded()) >= {"mine.pem"}
    assert "broken.pem" not in stand.loaded()
    assert stand.install("a", good, A) == "served"
    (stand.folder() / "mine.pem").write_text("nonsense")
    stand.load()
    assert stand.served(B) == mine.serial, "what was loaded is still served"
    assert not stand.starts()


def test_load_skips_unreadable_pair(stand: Stand) -> None:
    locked, good = make(A), make(B)
    key = stand.put_there("locked", locked).with_name("locked.pem.key")
    key.chmod(0o600)
    stand.put_there("mine", good)
    assert not stand.starts()
    assert stand.load() == "loaded mine"
    assert stand.load() == ""
    problems = stand.problems()
    assert list(problems) == ["locked"]
    assert f"HAProxy cannot read it. Allow it: chgrp 99 {key}; chmod 640 {key}." in problems["locked"]
    assert "HAProxy cannot start again while it is there." in problems["locked"]
    assert stand.served(B) == good.serial
    assert "locked.pem" not in stand.loaded()
    os.chown(key, -1, 99)
    key.chmod(0o640)
    assert stand.problems() == {}
    assert stand.load() == "loaded locked"
    assert stand.served(A) == locked.serial
    assert stand.starts()


def test_load_skips_invalid_file_name(stand: Stand) -> None:
    before = stand.processes()
    stand.put_there("my own", make(A))
    assert stand.load() == ""
    assert stand.problems() == {
        "my own": "only letters, digits and . _ + @ = - may be in the name of a certificate's file; rename it."
    }
    assert "invalid.pem" in stand.names(), "it is of no use, so the placeholder stays"
    assert stand.processes() == before
    assert stand.starts()


def test_load_custom_template(stand: Stand) -> None:
    template = stand.instance.paths.proxy_template(Side.PUBLIC)
    text = template.read_text()
    folder = "crt /usr/local/etc/haproxy-ssl/ "
    assert folder in text
    own, other = make(A), make(B)
    stand.put_there("mine", own)
    template.write_text(text.replace(folder, f"{folder.strip()}mine.pem "))
    try:
        assert operations.reload(stand.instance.cluster, (Side.PUBLIC,), timeout=30).ok
        before = stand.processes()
        stand.put_there("other", other)
        assert stand.load() == ""
        own = make(A)
        stand.put_there("mine", own)
        assert stand.load() == "loaded mine"
        assert (stand.served(A), stand.served(B)) == (own.serial, own.serial)
        assert stand.processes() == before
    finally:
        template.write_text(text)
        assert operations.reload(stand.instance.cluster, (Side.PUBLIC,), timeout=30).ok


def test_install_names_broken_file_that_prevents_reload(stand: Stand) -> None:
    (stand.folder() / "broken.pem").write_text("nonsense")
    with pytest.raises(
        ShoestringError, match="must be reloaded, but would refuse. .*broken.pem: it is not a readable"
    ):
        stand.install("a", make_long(A, length=12), A)
