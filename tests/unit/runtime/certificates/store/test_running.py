"""The certificates of a running proxy, with a fake of HAProxy's commands (Management Guide 3.0, section 9.3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runtime.certificates.store import running
from runtime.certificates.store.running import LONGEST_PAYLOAD, RefusedError
from runtime.proxy import sockets
from runtime.proxy.container import CERTIFICATES_MOUNT
from runtime.proxy.sockets import NotRunningError
from tests.support.builders import certificates

MASTER = Path("/nowhere/master.sock")
PAIR = certificates.leaf()


class FakeProxy:
    """Holds certificates by file name, as serial and whether they are used; refuses `refused`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *used: str) -> None:
        self.used = dict.fromkeys(used, True)
        self.transaction = ""
        self.refused = ""
        self.loads_folder = True
        self.is_running = True
        self.changes: list[str] = []
        monkeypatch.setattr(sockets, "ask", self.ask)

    def ask(self, _path: Path, text: str) -> str:
        if not self.is_running:
            raise NotRunningError("no proxy")
        *commands, last = text.split("\n@1 ") if "<<" not in text else [text]
        commands = [*commands, last.removesuffix("\nquit")]
        return "\n".join(self._answer(each.removeprefix("@1 ")) for each in commands)

    def _answer(self, command: str) -> str:
        words = command.split("\n")[0].split()
        name = next((word.rpartition("/")[2] for word in words if f"{CERTIFICATES_MOUNT}/" in word), "")
        if words[:3] == ["show", "ssl", "crt-list"]:
            return f"{CERTIFICATES_MOUNT}/\n" if self.loads_folder else "/etc/own.list\n"
        if words[:3] == ["show", "ssl", "cert"] and not name:
            names = [*(f"*{CERTIFICATES_MOUNT}/{self.transaction}" if self.transaction else "",), *self._files()]
            return "# filename\n" + "\n".join(names)
        if words[0] == "show":
            return f"Serial: 1F\nStatus: {'Used' if self.used[name] else 'Unused'}\n" if name in self.used else ""
        self.changes.append(" ".join(words[:1] + words[-1:] if name else words))
        return self._change(words, name)

    def _files(self) -> list[str]:
        return [f"{CERTIFICATES_MOUNT}/{each}" for each in self.used]

    def _change(self, words: list[str], name: str) -> str:
        if self.refused and words[0] == self.refused:
            return "Can't do that!"
        match words[:3]:
            case ["new", *_]:
                self.used[name] = False
                return "New empty certificate store"
            case ["set", *_]:
                return "Transaction created"
            case ["commit", *_]:
                return "Success!"
            case ["add", *_]:
                self.used[name] = True
                return "Success!"
            case ["abort", *_]:
                self.transaction = ""
            case ["del", _, "cert"]:
                self.used.pop(name, None)
        return ""


def put(name: str = "shop.pem") -> None:
    running.put(MASTER, name, PAIR.certificate, PAIR.key)


def test_loaded_serials_of_used_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = FakeProxy(monkeypatch, "shop.pem")
    proxy.used["unused.pem"] = False
    assert running.loaded(MASTER) == {"shop.pem": 0x1F}


def test_loaded_is_none_without_proxy_or_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = FakeProxy(monkeypatch)
    assert running.loaded(MASTER) == {}
    proxy.loads_folder = False
    assert running.loaded(MASTER) is None
    proxy.is_running = False
    assert running.loaded(MASTER) is None


def test_put_new_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = FakeProxy(monkeypatch)
    put()
    assert proxy.used == {"shop.pem": True}
    assert [each.split()[0] for each in proxy.changes] == ["new", "set", "set", "commit", "add"]


def test_put_replaces_certificate_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = FakeProxy(monkeypatch, "shop.pem")
    put()
    assert [each.split()[0] for each in proxy.changes] == ["set", "set", "commit"]


def test_put_aborts_change_of_killed_command(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = FakeProxy(monkeypatch, "shop.pem")
    proxy.transaction = "other.pem"
    put()
    assert proxy.transaction == ""
    assert proxy.changes[0].startswith("abort ")


@pytest.mark.parametrize("refused", ["new", "set", "commit", "add"])
def test_put_refused_leaves_no_new_certificate(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    proxy = FakeProxy(monkeypatch, "blog.pem")
    proxy.refused = refused
    with pytest.raises(RefusedError, match=re.escape("refuses shop.pem: Can't do that!")):
        put()
    assert proxy.used == {"blog.pem": True}


def test_put_refuses_long_chain_and_invalid_name(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = FakeProxy(monkeypatch)
    chain = PAIR.certificate * (LONGEST_PAYLOAD // len(PAIR.certificate) + 1)
    with pytest.raises(RefusedError, match="too long"):
        running.put(MASTER, "shop.pem", chain, PAIR.key)
    with pytest.raises(RefusedError, match="rename it"):
        put("a name.pem")
    assert proxy.changes == []


def test_drop_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = FakeProxy(monkeypatch, "shop.pem")
    assert running.drop(MASTER, "shop.pem")
    assert proxy.used == {}
    assert not running.drop(MASTER, "a name.pem")
    proxy.is_running = False
    assert running.drop(MASTER, "shop.pem")
