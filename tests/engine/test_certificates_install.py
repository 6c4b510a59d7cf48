"""Certificates in real proxies: installed without a reload, verified, and nothing lost on a failure."""

from __future__ import annotations

import contextlib
import time

import pytest

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.certificates.store import running
from runtime.certificates.store.read import KEY_SUFFIX
from runtime.proxy import sockets
from tests.support.certificates.stand import Pair, Stand, make, make_long
from tests.support.engine import until

A, B, WIKI = "a.example.test", "b.example.test", "wiki.internal.example.test"


def test_placeholder_served_for_unknown_name(stand: Stand) -> None:
    for side in Side:
        assert "invalid.pem" in stand.names(side)
        assert stand.loaded(side)["invalid.pem"] == stand.served("nobody.test", side)


@pytest.mark.parametrize(("side", "host"), [(Side.PUBLIC, A), (Side.INTERNAL, WIKI)])
def test_install_new_certificate_without_reload(stand: Stand, side: Side, host: str) -> None:
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


def test_install_replaces_under_open_connection(stand: Stand) -> None:
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


def test_install_wildcard_beside_other_certificate(stand: Stand) -> None:
    first, second = make(A), make("*.b.example.test")
    stand.install("a", first, A)
    assert stand.install("b", second, "*.b.example.test") == "served"
    assert stand.served(A) == first.serial
    assert stand.served("x.b.example.test") == second.serial


def test_placeholder_dropped_at_restart(stand: Stand) -> None:
    pair = make(A)
    stand.install("a", pair, A)
    assert stand.load() == ""
    stand.instance.cluster.client.containers.get(
        next(name for name in stand.instance.containers() if "haproxy-public" in name)
    ).restart(timeout=1)
    until(lambda: running.loaded(stand.master()), lambda loaded: loaded == {"a.pem": pair.serial})
    assert stand.served("nobody.test") == pair.serial


def test_install_stopped_proxy_writes_files(stand: Stand) -> None:
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


def test_install_mismatched_pair(stand: Stand) -> None:
    good = make(A)
    stand.install("a", good, A)
    before = stand.contents()
    other = make(A)
    for certificate, key in ((other.certificate, good.key), (b"nonsense", good.key), (other.certificate, b"")):
        with pytest.raises(ShoestringError, match="The new certificate a is not installed"):
            stand.install("a", Pair(certificate, key, 0), A)
    assert stand.contents() == before
    assert stand.served(A) == good.serial


def test_put_mismatched_pair_into_running_proxy(stand: Stand) -> None:
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


def test_install_chain_too_long_for_socket(stand: Stand) -> None:
    before = stand.processes()
    pair = make_long(A, length=12)
    assert len(pair.certificate) > running.LONGEST_PAYLOAD
    assert stand.install("a", pair, A) == "served, after a reload"
    assert stand.served(A) == pair.serial
    assert stand.processes() != before


def test_install_usual_long_chain_without_reload(stand: Stand) -> None:
    pair = make_long(A, length=4)
    assert stand.install("a", pair, A) == "served"
    assert stand.served(A) == pair.serial


def test_install_name_served_from_another_file(stand: Stand) -> None:
    mine = make(A)
    stand.put_there("0-mine", mine)
    stand.load()
    assert stand.served(A) == mine.serial
    ours = make(A)
    with pytest.raises(ShoestringError) as caught:
        stand.install("a", ours, A)
    assert f"{A} is served with {stand.folder()}/0-mine.pem. Remove that file" in str(caught.value)
    assert stand.served(A) == mine.serial


def test_load_restores_placeholder_without_certificates(stand: Stand) -> None:
    pair = make(A)
    stand.install("a", pair, A)
    for file in stand.folder().iterdir():
        file.unlink()
    assert "made the placeholder" in stand.load()
    assert "a.pem" not in stand.loaded()
    assert stand.served(A) == stand.loaded()["invalid.pem"] != pair.serial
    assert stand.starts()


def test_archive_unloads_and_restores_placeholder(stand: Stand) -> None:
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
