from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from installer.firewall import commit_confirm, lockout_check, manage
from installer.firewall.commit_confirm import PendingCommit
from installer.firewall.lockout_check import ProbeAnswers, ProbeTarget
from installer.firewall.manage import unit
from installer.host import systemd
from installer.host.timers import TimerState
from runtime.base import command
from runtime.base.command import Result
from runtime.base.errors import ShoestringError
from tests.support.builders.firewall import firewall
from tests.support.builders.runtime import PATHS

ASKED = ("systemctl", "show", "--property=UnitFileState", "shoestring-firewall.service")
SSH = frozenset({ProbeTarget("0.0.0.0", 22)})


def test_apply_checked_rolls_back_if_ssh_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter((ProbeAnswers(SSH, True, SSH), ProbeAnswers(frozenset(), True, SSH)))
    tried = PendingCommit("shoestring", firewall().rules, PATHS.firewall)
    undone: list[PendingCommit] = []
    monkeypatch.setattr(lockout_check, "probe", lambda _wanted: next(answers))
    monkeypatch.setattr(manage, "begin", lambda _firewall: tried)
    monkeypatch.setattr(commit_confirm, "roll_back", undone.append)
    with pytest.raises(ShoestringError) as error:
        manage.apply_checked(firewall())
    assert undone == [tried]
    assert str(error.value) == (
        "With these rules SSH no longer answered at port 22, so they were rolled back at once. Check whether the "
        "port is allowed: shoestring firewall on --dry-run; if not, list it in x-open-ports of an application."
    )


def test_apply_checked_refuses_objections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockout_check, "probe", lambda _wanted: pytest.fail("the check must not run"))
    with pytest.raises(ShoestringError, match=r"^The firewall was not changed\. SSH from 10\.0\.0\.8 is refused\.$"):
        manage.apply_checked(replace(firewall(), objections=("SSH from 10.0.0.8 is refused.",)))


@pytest.mark.parametrize(
    ("written", "enabled", "expected"),
    [
        (None, "", TimerState.MISSING),
        ("other", "enabled", TimerState.OUTDATED),
        ("same", "disabled", TimerState.OFF),
        ("same", "enabled", TimerState.ON),
    ],
)
def test_at_boot_state_of_unit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str | None, enabled: str, expected: TimerState
) -> None:
    wanted = replace(manage.unit("shoestring", PATHS), directory=tmp_path)
    if written:
        (tmp_path / wanted.name).write_text(wanted.content if written == "same" else "[Unit]\n")

    def check(argv: tuple[str, ...], **_options: object) -> Result:
        assert argv == ASKED
        return Result(argv, 0, f"UnitFileState={enabled}\n", "")

    monkeypatch.setattr(command, "check", check)
    assert manage._at_boot(wanted) is expected


def test_have_at_boot_syncs_enabled_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, ...]] = []
    monkeypatch.setattr(systemd, "write", lambda units: done.append(tuple(each.name for each in units)))
    monkeypatch.setattr(command, "check", lambda argv, **_options: done.append(argv))
    manage._have_at_boot(manage.unit("demo", PATHS))
    name = "shoestring-firewall@demo.service"
    assert done == [
        (name,),
        ("systemctl", "enable", name),
        ("sync", "--file-system", "/etc/systemd/system"),
        ("systemctl", "start", name),
    ]


def test_unit_loads_rules() -> None:
    made = unit("demo", PATHS)
    assert made.name == "shoestring-firewall@demo.service"
    rules = '"/srv/test/generated/firewall.nft" "/srv/test/data/shoestring/firewall-fallback.nft"'
    assert f"""ExecStart=/bin/sh -c 'nft --file "$$1" || exec nft --file "$$2"' sh {rules}\n""" in made.content
    assert not re.search(r"@[A-Z_]+@", made.content)
