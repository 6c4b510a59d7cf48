"""Certificates in real proxies with killed commands, full or read-only disks, and clients under constant load."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from operator import lt
from pathlib import Path

import pytest

from runtime.base import failpoints
from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.certificates.store import folder
from runtime.proxy import sockets
from tests.support.certificates.stand import Pair, Stand, make
from tests.support.clients.load import Load
from tests.support.engine import until

A, B = "a.example.test", "b.example.test"
REPLACEMENTS = 10
LOAD_SECONDS_BETWEEN = 0.4


def test_install_after_unfinished_transaction_of_killed_command(stand: Stand) -> None:
    assert _install_elsewhere(stand, "a", make(A), A, kill="install-commit") == -signal.SIGKILL
    assert "*" in sockets.ask(stand.master(), "@1 show ssl cert\nquit")
    pair = make(B)
    assert stand.install("b", pair, B) == "served"
    assert stand.served(B) == pair.serial


@pytest.mark.parametrize("replacing", [False, True])
@pytest.mark.parametrize(
    "point", ["install-both", "install-key", "install-certificate", "install-commit", "install-list"]
)
def test_load_after_killed_install(stand: Stand, point: str, replacing: bool) -> None:
    old, new = make(A), make(A)
    if replacing:
        stand.install("a", old, A)
    killed = _install_elsewhere(stand, "a", new, A, kill=point)
    reached = replacing or point != "install-both"
    assert killed == (-signal.SIGKILL if reached else 0)
    assert stand.starts(), "the proxy could not start again"
    assert folder.is_unfinished(stand.folder()) is (reached and point in ("install-both", "install-key"))
    stand.load()
    assert not folder.is_unfinished(stand.folder())
    wanted = None if point == "install-key" and not replacing else new.serial
    assert stand.loaded().get("a.pem") == wanted
    if wanted:
        assert stand.served(A) == wanted
        assert stand.names() == {"a.pem", "a.pem.key"}
        assert (stand.folder() / "a.pem").read_bytes() == new.certificate
        assert (stand.folder() / "a.pem.key").read_bytes() == new.key
    assert "*" not in sockets.ask(stand.master(), "@1 show ssl cert\nquit")
    assert stand.install("a", old, A) == "served"


def test_archive_after_killed_archive(stand: Stand) -> None:
    pair = make(A)
    stand.install("a", pair, A)
    code = (
        "import sys; from pathlib import Path; from runtime.certificates.store import install;"
        "from runtime.context.cluster import open_cluster; from runtime.base.paths import Paths, Side;"
        "c = open_cluster(Paths(Path(sys.argv[1])));"
        "install.archive(c.paths, c.run, c.settings, Side.PUBLIC, 'a', 1.8e9)"
    )
    assert _python(stand, code, kill="archive-copied") == -signal.SIGKILL
    assert stand.starts()
    assert stand.served(A) == pair.serial
    stand.archive("a", time.time())
    assert stand.names() == {"invalid.pem", "invalid.pem.key"}
    assert stand.starts()


def test_load_replaces_expired_placeholder(stand: Stand) -> None:
    expired = make("invalid", days=-1)
    stand.put_there("invalid", expired)
    assert stand.load() == "made the placeholder, loaded invalid"
    assert stand.served("nobody.test") == stand.loaded()["invalid.pem"] != expired.serial


def test_install_and_archive_read_only_folder(stand: Stand) -> None:
    old = make(A)
    stand.install("a", old, A)
    before = stand.contents()
    with _small_disk(stand.folder(), "ro"):
        with pytest.raises(ShoestringError, match=r"Cannot write .*a\.pem.*: Read-only file system"):
            stand.install("a", make(A), A)
        with pytest.raises(ShoestringError, match="Cannot write .*invalid.*: Read-only file system"):
            stand.archive("a", time.time())
        assert stand.contents() == before
        assert stand.load() == ""
    assert stand.served(A) == old.serial
    assert stand.install("a", make(A), A) == "served"


@pytest.mark.parametrize("free_files", [0, 1, 2])
def test_install_full_disk(stand: Stand, free_files: int) -> None:
    old = make(A)
    stand.install("a", old, A)
    before = stand.contents()
    with _small_disk(stand.folder(), "rw", free_files=free_files):
        with pytest.raises(ShoestringError, match=r"Cannot write .*a\.pem: No space left on device"):
            stand.install("a", make(A), A)
        assert {name: data for name, data in stand.contents().items() if name != ".fill"} == before
    assert stand.served(A) == old.serial
    assert stand.install("a", make(A), A) == "served"


def test_install_under_load_loses_no_request(stand: Stand) -> None:
    stand.install("a", make(A), A)
    before = stand.processes()
    with Load(stand.port(Side.PUBLIC), A, rate=200.0) as load:
        for _ in range(REPLACEMENTS):
            pair = make(A)
            assert stand.install("a", pair, A) == "served"
            enough = load.snapshot().new + 200 * LOAD_SECONDS_BETWEEN
            until(lambda: load.snapshot().new, partial(lt, enough))
    assert load.result.failed == 0, load.result
    assert load.result.bodies.keys() == {"a"}
    assert stand.served(A) == pair.serial
    assert stand.processes() == before


def _install_elsewhere(stand: Stand, name: str, pair: Pair, host: str, *, kill: str) -> int:
    """Install in a process of its own that kills itself at a failpoint."""
    directory = stand.instance.paths.root.parent
    (directory / "pair.pem").write_bytes(pair.certificate)
    (directory / "pair.key").write_bytes(pair.key)
    code = (
        "import sys; from pathlib import Path; from runtime.certificates.store import install;"
        "from runtime.context.cluster import open_cluster; from runtime.base.paths import Paths, Side;"
        "c = open_cluster(Paths(Path(sys.argv[1])));"
        "read = lambda name: (c.paths.root.parent / name).read_bytes();"
        "install.install(c.paths, c.run, c.settings, Side.PUBLIC, sys.argv[2], read('pair.pem'), read('pair.key'),"
        " (sys.argv[3],))"
    )
    return _python(stand, code, name, host, kill=kill)


def _python(stand: Stand, code: str, *arguments: str, kill: str) -> int:
    return subprocess.run(
        [sys.executable, "-c", code, str(stand.instance.paths.root), *arguments],
        env={**os.environ, failpoints.VARIABLE: f"kill:{kill}"},
        cwd=Path(__file__).parents[2],
        timeout=60,
        check=False,
    ).returncode


@contextlib.contextmanager
def _small_disk(folder: Path, mode: str, free_files: int = 0) -> Iterator[None]:
    """Mount a small disk with the folder's files over it, read-only or with room for `free_files` more files."""
    contents = {each: (each.read_bytes(), each.stat()) for each in folder.iterdir()}
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=750,gid=99", "tmpfs", str(folder)], check=True)
    try:
        for file, (data, status) in contents.items():
            file.write_bytes(data)
            file.chmod(status.st_mode & 0o777)
            os.chown(file, status.st_uid, status.st_gid)
        if mode == "ro":
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        else:
            _fill(folder / ".fill", free_files)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _fill(file: Path, free_files: int) -> None:
    page = os.sysconf("SC_PAGE_SIZE")
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"x" * page)
    os.truncate(file, file.stat().st_size - free_files * page)
