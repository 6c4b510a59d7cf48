"""Certificates in real proxies: put in without a reload, proven, and nothing lost whatever goes wrong."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from runtime import operations
from runtime.certificates import running
from runtime.certificates.folder import KEY_SUFFIX
from runtime.errors import ShoestringError
from runtime.paths import Side
from runtime.proxy import sockets
from tests.engine.certificate_stand import Pair, Stand, make, make_long, open_stand
from tests.engine.support import plain, until

if TYPE_CHECKING:
    from docker import DockerClient

A, B, WIKI = "a.example.test", "b.example.test", "wiki.internal.example.test"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, client: DockerClient, tools: str) -> Iterator[Stand]:
    applications = {
        (Side.PUBLIC, "a"): plain(tools, "a", A),
        (Side.PUBLIC, "b"): plain(tools, "b", B, '"*.b.example.test"'),
        (Side.INTERNAL, "wiki"): plain(tools, "wiki", WIKI),
    }
    with open_stand(tmp_path_factory.mktemp("stand") / "data-directory", applications) as stand:
        yield stand


@pytest.fixture
def stand(shared: Stand) -> Stand:
    """The stand with nothing but the placeholder on both sides."""
    shared.clean()
    return shared


def test_an_unknown_name_is_answered_with_the_placeholder(stand: Stand) -> None:
    for side in Side:
        assert "invalid.pem" in stand.names(side)
        assert stand.loaded(side)["invalid.pem"] == stand.served("nobody.test", side)


@pytest.mark.parametrize(("side", "host"), [(Side.PUBLIC, A), (Side.INTERNAL, WIKI)])
def test_a_new_certificate_is_served_without_a_reload(stand: Stand, side: Side, host: str) -> None:
    before = stand.processes(side)
    pair = make(host)
    assert stand.install("a", pair, host, side=side) == "served"
    assert stand.served(host, side) == pair.serial
    assert stand.processes(side) == before
    assert {"a.pem", "a.pem.key"} <= stand.names(side)
    assert "invalid.pem" not in stand.names(side)
    for suffix in (".pem", ".pem.key"):
        status = (stand.folder(side) / f"a{suffix}").stat()
        assert (status.st_mode & 0o777, status.st_gid) == (0o640, 99)


def test_a_certificate_is_replaced_under_an_open_connection(stand: Stand) -> None:
    stand.install("a", make(A), A)
    before = stand.processes()
    with contextlib.closing(stand.connection()) as connection:
        connection.request("GET", "/", headers={"Host": A})
        assert connection.getresponse().read() == b"a\n"
        held = connection.sock
        pair = make(A)
        assert stand.install("a", pair, A) == "served"
        connection.request("GET", "/", headers={"Host": A})
        assert connection.getresponse().read() == b"a\n"
        assert connection.sock is held
    assert stand.served(A) == pair.serial
    assert stand.processes() == before
    assert stand.starts()


def test_others_keep_theirs_and_a_wildcard_is_proven_by_a_name_under_it(stand: Stand) -> None:
    first, second = make(A), make("*.b.example.test")
    stand.install("a", first, A)
    assert stand.install("b", second, "*.b.example.test") == "served"
    assert stand.served(A) == first.serial
    assert stand.served("x.b.example.test") == second.serial


def test_the_placeholder_that_answers_unknown_names_goes_with_the_next_reload(stand: Stand) -> None:
    pair = make(A)
    stand.install("a", pair, A)
    assert stand.load() == ""
    stand.instance.cluster.client.containers.get(
        next(name for name in stand.instance.containers() if "haproxy-public" in name)
    ).restart(timeout=1)
    until(lambda: running.loaded(stand.master()), lambda loaded: loaded == {"a.pem": pair.serial})
    assert stand.served("nobody.test") == pair.serial


def test_a_proxy_that_does_not_run_gets_files_only(stand: Stand) -> None:
    client = stand.instance.cluster.client
    container = client.containers.get(next(name for name in stand.instance.containers() if "haproxy-public" in name))
    pair = make(A)
    container.stop(timeout=1)
    try:
        until(lambda: sockets.running_digest(stand.master()), lambda digest: digest is None)
        assert stand.install("a", pair, A) == "written; the proxy loads it when it starts"
        assert stand.load() == ""
    finally:
        container.start()
    until(lambda: running.loaded(stand.master()), lambda loaded: loaded == {"a.pem": pair.serial})


def test_a_pair_that_does_not_fit_changes_nothing(stand: Stand) -> None:
    good = make(A)
    stand.install("a", good, A)
    before = stand.contents()
    other = make(A)
    for certificate, key in ((other.certificate, good.key), (b"nonsense", good.key), (other.certificate, b"")):
        with pytest.raises(ShoestringError, match="The new certificate a is not installed"):
            stand.install("a", Pair(certificate, key, 0), A)
    assert stand.contents() == before
    assert stand.served(A) == good.serial


def test_the_running_proxy_is_not_disturbed_by_a_pair_that_does_not_fit(stand: Stand) -> None:
    good, other = make(A), make(A)
    stand.install("a", good, A)
    for name in ("a.pem", "new.pem"):
        for certificate, key in ((other.certificate, good.key), (b"nonsense", good.key), (other.certificate, b"")):
            with pytest.raises(running.RefusedError):
                running.put(stand.master(), name, certificate, key)
    assert stand.served(A) == good.serial
    assert "new.pem" not in stand.loaded()
    listed = sockets.ask(stand.master(), "@1 show ssl cert\nquit")
    assert "*" not in listed
    assert "new.pem" not in listed


def test_a_chain_that_is_too_long_for_the_socket_is_served_after_a_reload(stand: Stand) -> None:
    before = stand.processes()
    pair = make_long(A, length=12)
    assert len(pair.certificate) > running.LONGEST_PAYLOAD
    assert stand.install("a", pair, A) == "served, after a reload"
    assert stand.served(A) == pair.serial
    assert stand.processes() != before


def test_a_long_chain_as_authorities_give_it_needs_no_reload(stand: Stand) -> None:
    pair = make_long(A, length=4)
    assert stand.install("a", pair, A) == "served"
    assert stand.served(A) == pair.serial


def test_another_certificate_for_the_name_is_told_by_its_file(stand: Stand) -> None:
    mine = make(A)
    stand.put_there("0-mine", mine)
    stand.load()
    assert stand.served(A) == mine.serial
    ours = make(A)
    with pytest.raises(ShoestringError) as caught:
        stand.install("a", ours, A)
    assert f"{A} is served with {stand.folder()}/0-mine.pem. Remove that file" in str(caught.value)
    assert stand.served(A) == mine.serial


def test_a_persons_certificate_is_used_when_it_comes_changed_when_it_changes_and_forgotten_when_it_goes(
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


def test_the_last_certificate_that_goes_makes_the_placeholder_come_back(stand: Stand) -> None:
    pair = make(A)
    stand.install("a", pair, A)
    for file in stand.folder().iterdir():
        file.unlink()
    assert "made the placeholder" in stand.load()
    assert "a.pem" not in stand.loaded()
    assert stand.served(A) == stand.loaded()["invalid.pem"] != pair.serial
    assert stand.starts()


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


def test_a_pair_that_haproxy_may_not_read_is_not_used_and_told(stand: Stand) -> None:
    locked, good = make(A), make(B)
    key = stand.put_there("locked", locked).with_name("locked.pem.key")
    key.chmod(0o600)
    stand.put_there("mine", good)
    assert not stand.starts()
    assert stand.load() == "loaded mine"
    assert stand.load() == ""
    told = stand.problems()
    assert list(told) == ["locked"]
    assert f"HAProxy may not read it; let it: chgrp 99 {key}; chmod 640 {key}." in told["locked"]
    assert "HAProxy cannot start again while it is there." in told["locked"]
    assert stand.served(B) == good.serial
    assert "locked.pem" not in stand.loaded()
    os.chown(key, -1, 99)
    key.chmod(0o640)
    assert stand.problems() == {}
    assert stand.load() == "loaded locked"
    assert stand.served(A) == locked.serial
    assert stand.starts()


def test_a_file_whose_name_the_proxy_cannot_be_told_is_told(stand: Stand) -> None:
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
    with pytest.raises(ShoestringError, match="has to be reloaded, and would refuse. .*broken.pem: it is no certif"):
        stand.install("a", make_long(A, length=12), A)


def test_an_archived_certificate_is_forgotten_and_the_placeholder_comes_back(stand: Stand) -> None:
    first, second = make(A), make(B)
    stand.install("a", first, A)
    stand.install("b", second, B)
    target = stand.instance.paths.certificate_archive / f"public-a-{first.serial:x}.pem"
    assert stand.archive("a", time.time()) == f"moved to {target}"
    assert target.read_bytes() == first.certificate
    key = target.with_name(target.name + KEY_SUFFIX)
    assert (key.read_bytes(), key.stat().st_mode & 0o777) == (first.key, 0o600)
    assert stand.names() == {"b.pem", "b.pem.key"}
    assert "a.pem" not in stand.loaded()
    assert stand.archive("a", time.time()) == ""
    stand.archive("b", time.time())
    assert stand.names() == {"invalid.pem", "invalid.pem.key"}
    assert stand.served(B) == stand.loaded()["invalid.pem"]
    assert set(stand.loaded()) == {"invalid.pem"}
    assert stand.starts()
