from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from installer.firewall import commit_confirm, manage
from installer.host import systemd
from runtime.base import command, files
from runtime.firewall import table
from tests.support.builders.firewall import firewall

PAGE = Path(__file__).parents[4] / "docs" / "firewall.md"
MINUTE = 60


def test_seconds_are_those_of_the_page() -> None:
    assert commit_confirm.SECONDS == MINUTE
    assert f"the rules are active for {MINUTE} seconds." in " ".join(PAGE.read_text().split())


def test_begin_has_default_seconds() -> None:
    for each in (manage.begin, commit_confirm.begin):
        assert inspect.signature(each).parameters["seconds"].default == MINUTE


@pytest.mark.parametrize("with_systemd", [True, False])
def test_begin_schedules_rollback_before_loading_rules(monkeypatch: pytest.MonkeyPatch, with_systemd: bool) -> None:
    done: list[tuple[str, ...]] = []

    def spawn_detached(argv: tuple[str, ...]) -> int:
        done.append(argv)
        return 7

    monkeypatch.setattr(systemd, "is_running", lambda: with_systemd)
    monkeypatch.setattr(command, "spawn_detached", spawn_detached)
    for name in ("run", "check"):
        monkeypatch.setattr(command, name, lambda argv, **_options: done.append(argv))
    for name in ("make_directory", "write", "remove"):
        monkeypatch.setattr(files, name, lambda *_arguments, **_options: True)
    monkeypatch.setattr(table, "load", lambda file: done.append(("nft", str(file))))
    monkeypatch.setattr(table, "inspect", lambda _name: None)
    tried = manage.begin(firewall())
    assert done[-1] == ("nft", "/run/shoestring/shoestring/firewall-unconfirmed.nft")
    undo = str(tried.undo)
    if with_systemd:
        assert done[-2][0] == "systemd-run"
        assert f"--on-active={MINUTE}" in done[-2]
        assert done[-2][-3:] == ("nft", "--file", undo)
        assert tried.process == 0
    else:
        assert done[:-1] == [("sh", "-c", commit_confirm._SLEEPER, "sh", str(MINUTE), undo)]
        assert tried.process == 7
