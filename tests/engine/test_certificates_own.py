"""User-provided certificates in a proxy's folder: loaded if usable, reported if not, never changed."""

from __future__ import annotations

import os

import pytest

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.reconcile import operations
from tests.support.certificates.stand import Stand, make, make_long

A, B = "a.example.test", "b.example.test"


def test_user_provided_certificate_is_loaded_updated_and_unloaded(
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


def test_a_pair_in_one_file_is_used(stand: Stand) -> None:
    pair = make(A)
    (stand.folder() / "mine.pem").write_bytes(pair.key + pair.certificate)
    assert stand.load() == "loaded mine"
    assert stand.served(A) == pair.serial
    assert (stand.folder() / "mine.pem").read_bytes() == pair.key + pair.certificate


def test_a_broken_file_is_left_alone_and_never_loaded(stand: Stand) -> None:
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
    assert stand.served(B) == mine.serial, "what was loaded is served on"
    assert not stand.starts()


def test_pair_that_haproxy_cannot_read_is_reported_and_not_used(stand: Stand) -> None:
    locked, good = make(A), make(B)
    key = stand.put_there("locked", locked).with_name("locked.pem.key")
    key.chmod(0o600)
    stand.put_there("mine", good)
    assert not stand.starts()
    assert stand.load() == "loaded mine"
    assert stand.load() == ""
    told = stand.problems()
    assert list(told) == ["locked"]
    assert f"HAProxy cannot read it. Allow it: chgrp 99 {key}; chmod 640 {key}." in told["locked"]
    assert "HAProxy cannot start again while it is there." in told["locked"]
    assert stand.served(B) == good.serial
    assert "locked.pem" not in stand.loaded()
    os.chown(key, -1, 99)
    key.chmod(0o640)
    assert stand.problems() == {}
    assert stand.load() == "loaded locked"
    assert stand.served(A) == locked.serial
    assert stand.starts()


def test_file_name_that_haproxy_cannot_load_is_reported(stand: Stand) -> None:
    before = stand.processes()
    stand.put_there("my own", make(A))
    assert stand.load() == ""
    assert stand.problems() == {
        "my own": "only letters, digits and . _ + @ = - may be in the name of a certificate's file; rename it."
    }
    assert "invalid.pem" in stand.names(), "it is of no use, so the placeholder stays"
    assert stand.processes() == before
    assert stand.starts()


def test_a_template_that_loads_certificates_another_way_is_let_alone(stand: Stand) -> None:
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


def test_a_reload_that_a_broken_file_would_spoil_names_it(stand: Stand) -> None:
    (stand.folder() / "broken.pem").write_text("nonsense")
    with pytest.raises(
        ShoestringError, match="must be reloaded, but would refuse. .*broken.pem: it is not a readable"
    ):
        stand.install("a", make_long(A, length=12), A)
