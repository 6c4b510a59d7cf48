"""The thumbprint for challenges, on disk and in the running proxy's map."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths
from runtime.certificates.acme import challenge
from runtime.proxy import sockets
from runtime.proxy.sockets import NotRunningError

THUMBPRINT, OTHER = "a" * 43, "b" * 43

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to the proxy's group")


class FakeProxy:
    """A proxy with a map, without one, or none at all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entries: list[str] = []
        self.has_map = self.is_running = True
        self.changes: list[str] = []
        monkeypatch.setattr(sockets, "ask", self.ask)

    def ask(self, _path: Path, text: str) -> str:
        if not self.is_running:
            raise NotRunningError("no proxy")
        words = text.split("\n")[0].split()
        if words[1] == "show":
            return "".join(f"0x1234 {challenge.KEY} {each}\n" for each in self.entries)
        self.changes.append(words[1])
        if self.has_map:
            self.entries = [words[-1]]
        return ""


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> FakeProxy:
    return FakeProxy(monkeypatch)


def put(paths: Paths, thumbprint: str) -> bool:
    return challenge.set(paths, RunPaths("shoestring", paths.root / "run"), thumbprint)


def test_set_in_running_proxy_and_on_disk(paths: Paths, proxy: FakeProxy) -> None:
    assert put(paths, THUMBPRINT)
    assert paths.challenge_map.read_text() == f"{challenge.KEY} {THUMBPRINT}\n"
    assert not put(paths, THUMBPRINT)
    assert put(paths, OTHER)
    assert proxy.changes == ["add", "set"]


def test_set_without_running_proxy(paths: Paths, proxy: FakeProxy) -> None:
    proxy.is_running = False
    assert [put(paths, THUMBPRINT), put(paths, THUMBPRINT)] == [True, False]


def test_set_refuses_template_without_map(paths: Paths, proxy: FakeProxy) -> None:
    proxy.has_map = False
    with pytest.raises(ShoestringError, match=r"haproxy\.cfg\.j2, then: shoestring reload public"):
        put(paths, THUMBPRINT)


def test_set_refuses_invalid_thumbprint(paths: Paths, proxy: FakeProxy) -> None:
    with pytest.raises(ShoestringError, match="RFC 7638"):
        put(paths, "a b")
    assert not paths.challenge_map.exists()
