from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from pathlib import Path

import pytest

from installer.firewall import manage, report
from installer.firewall.commit_confirm import PendingCommit
from installer.firewall.lockout_check import ProbeAnswers, ProbeTarget
from installer.firewall.manage import Firewall
from installer.host import docker_daemon, swap, systemd
from installer.host.docker_daemon import LogRotation
from installer.host.swap import SwapKind
from installer.host.timers import TimerState, cron_lines
from installer.setup import host_setup
from installer.setup.host_setup import HostChoice, HostOffer, HostPlan, around_start, decide, rows
from installer.terminal.progress import ProgressLines
from runtime.base import command, files
from runtime.base.errors import ExitCode, ShoestringError
from runtime.config.settings import Settings
from runtime.firewall import table
from tests.support.builders.firewall import firewall
from tests.support.builders.runtime import PATHS

GIGABYTE = 1024**3
SETTINGS = Settings(domain="example.com", email="ops@example.com")
LOGS = docker_daemon.rotation(None)
FILE = swap.SwapOffer(SwapKind.FILE, GIGABYTE)
NO_SWAP = swap.SwapOffer(why="There is swap.")
OFFER = HostOffer(systemd=True, swap=FILE, log_rotation=LOGS)
NO_NFT = f"{table.MISSING} Then: shoestring firewall on"
NOTHING = HostChoice(timers=False, swap=False, log_rotation=False)
SSH = frozenset({ProbeTarget("0.0.0.0", 22)})
EVERYTHING = HostPlan(timers=True, swap=FILE, log_rotation=LOGS)


class User:
    """Gives the same answer to each question, and records the questions."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, question: str) -> bool:
        self.asked.append(question)
        return self.answer


def test_decide_asks_for_each_change() -> None:
    willing, unwilling = User(True), User(False)
    offer = replace(OFFER, firewall=True)
    everything = replace(EVERYTHING, firewall=True)
    assert decide(HostChoice(), offer, willing, is_default=True, starts=True) == everything
    assert decide(HostChoice(), offer, unwilling, is_default=True, starts=True) == HostPlan()
    assert willing.asked == unwilling.asked
    assert willing.asked == [
        "Start at boot, and check each minute?",
        "Add 1.0 GB of swap?",
        "Limit Docker's logs (10 MB, 3 files a container)?",
        "Close all other ports to the outside (SSH stays open)?",
    ]


def test_decide_does_not_ask_given_options() -> None:
    user = User(True)
    assert decide(replace(NOTHING, firewall=False), OFFER, user, is_default=True, starts=True) == HostPlan()
    assert decide(HostChoice(True, True, True), OFFER, user, is_default=False, starts=True) == EVERYTHING
    assert user.asked == []


def test_decide_without_questions() -> None:
    offer = replace(OFFER, firewall=True)
    assert decide(HostChoice(), offer, None, is_default=True, starts=True) == HostPlan(timers=True, firewall=True)
    assert decide(HostChoice(), offer, None, is_default=False, starts=True) == HostPlan()
    assert decide(HostChoice(), offer, None, is_default=True, starts=False) == HostPlan()


def test_decide_without_questions_keeps_firewall_that_was_chosen_to_be_off() -> None:
    offer = replace(OFFER, firewall=True)
    assert decide(NOTHING, offer, None, is_default=True, starts=True, firewall=False) == HostPlan()
    assert decide(replace(NOTHING, firewall=False), offer, None, is_default=True, starts=True) == HostPlan()
    assert decide(NOTHING, offer, User(True), is_default=True, starts=True, firewall=False) == HostPlan(firewall=True)


def test_decide_does_not_ask_impossible_changes() -> None:
    user = User(True)
    offer = HostOffer(systemd=True, swap=NO_SWAP, log_rotation=LogRotation(why="rotated already"))
    expected = HostPlan(timers=True, notes=(NO_NFT,))
    assert decide(HostChoice(timers=True), offer, user, is_default=True, starts=True) == expected
    assert user.asked == []


def test_decide_notes_options_without_effect() -> None:
    offer = HostOffer(systemd=True, swap=NO_SWAP, log_rotation=LogRotation(why="Rotated already."))
    wanted = decide(HostChoice(True, True, True, firewall=False), offer, None, is_default=True, starts=True)
    assert wanted == HostPlan(timers=True, notes=("There is swap.", "Rotated already."))
    assert decide(replace(NOTHING, firewall=False), offer, None, is_default=True, starts=True) == HostPlan()
    (later,) = decide(HostChoice(swap=True), OFFER, None, is_default=True, starts=False).notes
    assert "--no-start" in later
    assert decide(HostChoice(), OFFER, User(True), is_default=True, starts=False) == HostPlan()


def test_decide_asks_for_zram_by_name() -> None:
    user = User(True)
    zram = swap.SwapOffer(SwapKind.ZRAM, GIGABYTE // 4)
    wanted = decide(
        HostChoice(False, None, False, firewall=False), replace(OFFER, swap=zram), user, is_default=True, starts=True
    )
    assert wanted == HostPlan(swap=zram)
    assert user.asked == ["Add 256 MB of swap in compressed memory?"]
    assert [row[2] for row in rows(wanted)] == ["256 MB in compressed memory (zram)"]


def test_around_start_adds_offered_swap(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap, "observe", lambda: None)
    monkeypatch.setattr(swap, "add", lambda kind, size, seen: host.calls.append(f"{kind} {size}"))
    host.around(HostPlan(swap=swap.SwapOffer(SwapKind.ZRAM, 1000)))
    assert host.calls == ["zram 1000", "start"]


def test_decide_asks_for_possible_firewall() -> None:
    user = User(True)
    offer = replace(OFFER, firewall=True)
    assert decide(NOTHING, offer, user, is_default=True, starts=True) == HostPlan(firewall=True)
    assert user.asked == ["Close all other ports to the outside (SSH stays open)?"]
    assert decide(NOTHING, offer, User(False), is_default=True, starts=True) == HostPlan()
    assert decide(NOTHING, offer, None, is_default=True, starts=True) == HostPlan(firewall=True)
    assert decide(NOTHING, offer, user, is_default=False, starts=True) == HostPlan()


def test_decide_does_not_ask_for_given_firewall() -> None:
    user = User(False)
    offer = replace(OFFER, firewall=True)
    assert decide(NOTHING, offer, user, is_default=True, starts=True, firewall=True) == HostPlan(firewall=True)
    wanted, refused = replace(NOTHING, firewall=True), replace(NOTHING, firewall=False)
    assert decide(wanted, offer, user, is_default=False, starts=True) == HostPlan(firewall=True)
    assert decide(refused, offer, user, is_default=True, starts=True, firewall=True) == HostPlan()
    assert decide(wanted, offer, user, is_default=True, starts=False) == HostPlan()
    assert user.asked == []


def test_decide_without_nft_has_note() -> None:
    user = User(True)
    assert decide(NOTHING, OFFER, user, is_default=True, starts=True) == HostPlan(notes=(NO_NFT,))
    assert user.asked == []
    assert decide(NOTHING, OFFER, None, is_default=True, starts=True) == HostPlan(notes=(NO_NFT,))
    # There is no note where there would be no firewall either.
    assert decide(NOTHING, OFFER, None, is_default=True, starts=True, firewall=False) == HostPlan()
    assert decide(NOTHING, OFFER, user, is_default=False, starts=True) == HostPlan()
    assert decide(NOTHING, OFFER, user, is_default=True, starts=False) == HostPlan()
    assert decide(replace(NOTHING, firewall=False), OFFER, user, is_default=True, starts=True) == HostPlan()


@pytest.mark.parametrize("systemd", [True, False])
def test_around_start_prints_firewall_before_applying(monkeypatch: pytest.MonkeyPatch, systemd: bool) -> None:
    found = replace(firewall(), boot=TimerState.MISSING if systemd else None)
    printed = io.StringIO()
    shown: list[str] = []

    def prove(given: Firewall) -> tuple[PendingCommit, ProbeAnswers]:
        shown.append(printed.getvalue())
        return PendingCommit("shoestring", given.rules, PATHS.firewall), ProbeAnswers(SSH, True, SSH)

    monkeypatch.setattr(manage, "inspect", lambda _paths, *, again: found)
    monkeypatch.setattr(manage, "apply_checked", prove)
    monkeypatch.setattr(manage, "confirm", lambda _firewall, _tried: "The change is not committed.")
    settings = found.desired.settings
    host_setup.around_start(
        HostPlan(firewall=True), settings, PATHS.root, ProgressLines(printed), lambda: ExitCode.DONE
    )
    assert shown == ["\n".join(report.lines(found)) + "\n"]
    notes = [*report.notes(found)]
    assert bool(notes) is not systemd
    assert printed.getvalue().removeprefix(shown[0]).splitlines() == [
        "  ✓ firewall                on",
        f"    {ProbeAnswers(SSH, True, SSH).about}",
        "    The change is not committed.",
        *(f"    {note}" for note in notes),
    ]


def test_decide_without_systemd_uses_cron() -> None:
    offer = HostOffer(systemd=False, swap=NO_SWAP, log_rotation=LogRotation())
    assert decide(HostChoice(firewall=False), offer, None, is_default=True, starts=True) == HostPlan(cron=True)
    assert decide(HostChoice(timers=False, firewall=False), offer, None, is_default=True, starts=True) == HostPlan()


def test_decide_no_timers_for_demo_or_without_start() -> None:
    assert decide(HostChoice(), OFFER, None, is_default=False, starts=True) == HostPlan()
    assert decide(HostChoice(timers=True), OFFER, None, is_default=True, starts=False) == HostPlan()


def test_rows_of_plan() -> None:
    assert rows(HostPlan()) == []
    assert [row[:2] for row in rows(EVERYTHING)] == [
        ("+", "timers"),
        ("+", "swap"),
        ("~", "/etc/docker/daemon.json"),
    ]


class Host:
    """Records the commands to systemd and the start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.printed = io.StringIO()
        monkeypatch.setattr(systemd, "write", lambda units: self.calls.append("units written"))
        monkeypatch.setattr(command, "check", lambda argv: self.calls.append(" ".join(argv)))
        monkeypatch.setattr(files, "remove", lambda path: self.calls.append(f"removed {path.name}"))

    def around(self, plan: HostPlan, error: BaseException | None = None) -> ExitCode:
        def start() -> ExitCode:
            self.calls.append("start")
            if error:
                raise error
            return ExitCode.DONE

        return around_start(plan, SETTINGS, Path("/srv/shoestring"), ProgressLines(self.printed), start)


ENABLED = [
    "units written",
    "systemctl enable shoestring.service shoestring-watchdog.timer shoestring-renew.timer shoestring-check.timer",
    "sync --file-system /etc/systemd/system",
]
TIMERS_RUN = "systemctl start shoestring-watchdog.timer shoestring-renew.timer shoestring-check.timer"


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


def test_around_start_enables_timers_before_start(host: Host) -> None:
    assert host.around(HostPlan(timers=True)) is ExitCode.DONE
    assert host.calls == [*ENABLED, "start", "systemctl start shoestring.service", TIMERS_RUN]
    assert host.printed.getvalue() == "  ✓ timers                  on\n"


def test_around_start_failed_start_keeps_timers(host: Host) -> None:
    error = ShoestringError("haproxy could not be pulled.")
    with pytest.raises(ShoestringError) as raised:
        host.around(HostPlan(timers=True), error)
    assert raised.value is error
    # The start at boot would fail in the same way now; and what a user stopped before, setup was to start.
    assert host.calls == [*ENABLED, "start", "removed stopped", TIMERS_RUN]
    assert "the watchdog retries it each minute" in host.printed.getvalue()


def test_around_start_interrupted_explains_next_boot(host: Host) -> None:
    with pytest.raises(KeyboardInterrupt):
        host.around(HostPlan(timers=True), KeyboardInterrupt())
    assert host.calls == [*ENABLED, "start"]
    assert "shoestring timers remove" in host.printed.getvalue()


@pytest.mark.parametrize("error", [None, ShoestringError("It failed."), KeyboardInterrupt()])
def test_around_start_without_timers_runs_no_systemctl(host: Host, error: BaseException | None) -> None:
    with contextlib.suppress(ShoestringError, KeyboardInterrupt):
        host.around(HostPlan(), error)
    assert host.calls == ["start"]
    assert host.printed.getvalue() == ""


def test_around_start_prints_cron_lines(host: Host) -> None:
    assert host.around(HostPlan(cron=True)) is ExitCode.DONE
    assert host.calls == ["start"]
    note, *lines = host.printed.getvalue().splitlines()
    assert note.endswith("/etc/cron.d/shoestring:")
    assert [line.strip() for line in lines] == cron_lines(Path("/srv/shoestring"), SETTINGS.domain)
