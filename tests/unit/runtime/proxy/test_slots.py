"""The server slots of a backend, from recorded answers of HAProxy 3.0."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base.errors import ShoestringError
from runtime.proxy import slots, sockets
from runtime.proxy.slots import Admission, Slot

RECORDED = (Path(__file__).parents[1] / "recorded" / "haproxy-show-stat.csv").read_text()
MASTER = Path("/nowhere/master.sock")
PROCESSES = """#<PID>          <type>          <reloads>       <uptime>        <version>
1               master          1 [failed: 0]   0d00h00m07s     3.0.11-1+deb13u5
# workers
11              worker          0               0d00h00m00s     3.0.11-1+deb13u5
# old workers
8               worker          1               0d00h00m06s     3.0.11-1+deb13u5
# programs
"""


def stat(
    status: str, check: str, health: int, *, rise: str = "1", fall: str = "2", address: str = "10.0.0.2:80"
) -> str:
    names = "pxname,svname,scur,status,check_status,check_code,check_rise,check_fall,check_health,addr"
    return f"# {names}\nb,server-1,3,{status},{check},,{rise},{fall},{health},{address}\n"


def one(answer: str) -> Slot:
    (slot,) = slots.parse(answer)
    return slot


def test_parse_recorded_answer_to_several_commands() -> None:
    found = slots.parse(RECORDED)
    assert [each.backend for each in found] == ["good"] * 4 + ["sick"] * 4 + ["late"] * 4
    good, empty, sick, late = found[0], found[1], found[4], found[8]
    assert (good.name, good.port, good.check) == ("server-1", 8080, "L7OK 200")
    assert good.address.count(".") == 3
    assert good.passed
    assert good.serves
    assert not good.down
    assert (empty.address, empty.port, empty.passed, empty.serves) == ("", 0, False, False)
    assert (sick.check, sick.down, sick.passed) == ("L7STS 500", True, False)
    assert late.check.startswith("L4")
    assert late.down


def test_parse_empty_answer() -> None:
    assert slots.parse("") == ()
    assert slots.parse("No such proxy.\n\n") == ()


@pytest.mark.parametrize(
    ("status", "check", "health", "passed", "serves"),
    [
        # In HAProxy's order: a new address, a failing check, a passing one.
        ("DRAIN 1/2", "* INI", 1, False, False),
        ("DOWN", "L4TOUT", 0, False, False),
        ("DRAIN", "L4OK", 2, True, False),
        ("UP", "* L4OK", 2, True, True),
        ("UP 1/2", "INI", 1, False, True),
        # The check result of the previous container does not count.
        ("DRAIN 1/2", "L4OK", 1, False, False),
        ("UP 1/2", "L7STS", 1, False, True),
    ],
)
def test_slot_passed_counts_only_current_container(
    status: str, check: str, health: int, passed: bool, serves: bool
) -> None:
    slot = one(stat(status, check, health))
    assert (slot.passed, slot.serves, slot.sessions) == (passed, serves, 3)


def test_slot_without_check_passed_if_it_has_address() -> None:
    slot = one(stat("no check", "", 0, rise="", fall=""))
    assert slot.passed
    assert slot.serves
    assert not one(stat("MAINT (resolution)", "", 0, rise="", fall="", address="")).passed


def test_slot_with_paused_check_has_not_passed() -> None:
    """HAProxy leaves out the figures of a paused check."""
    assert not one(stat("MAINT (resolution)", "", 0, rise="", fall="")).passed


def test_parse_ipv6_address() -> None:
    slot = one(stat("UP", "L4OK", 2, address="[fd00::2]:8080"))
    assert (slot.address, slot.port) == ("fd00::2", 8080)


class Proxy:
    """A master process with two workers; records the commands it receives."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.commands: list[str] = []

    def ask(self, path: Path, text: str, timeout: float = 0.0) -> str:
        lines = text.split("\n")
        assert lines[-1] == "quit"
        self.commands += [line for line in lines if "set server" in line]
        answers = [self.answers.get(line, "") for line in lines]
        if "hangs" in answers:
            raise ShoestringError("did not answer")
        return "\n".join(answers)


def test_set_state_in_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy(
        {
            "show proc": PROCESSES,
            "@!11 show stat b 4 -1": stat("UP", "L4OK", 2),
            "@!8 show stat b 4 -1": stat("UP", "L4OK", 2).replace("server-1", "server-2"),
        }
    )
    monkeypatch.setattr(sockets, "ask", proxy.ask)
    slots.set_state(MASTER, ("b",), lambda slot: slot.address == "10.0.0.2", Admission.DRAIN)
    assert proxy.commands == ["@!11 set server b/server-1 state drain", "@!8 set server b/server-2 state drain"]
    assert slots.sessions(MASTER, ("b",), frozenset({"10.0.0.2"})) == 6
    assert slots.sessions(MASTER, ("b",), frozenset({"10.0.0.3"})) == 0


def test_sessions_leaves_out_worker_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "show proc": PROCESSES,
        "@!11 show stat b 4 -1": stat("UP", "L4OK", 2),
        "@!8 show stat b 4 -1": "hangs",
    }
    monkeypatch.setattr(sockets, "ask", Proxy(answers).ask)
    assert slots.sessions(MASTER, ("b",), frozenset({"10.0.0.2"})) == 3


def test_slots_without_proxy_are_empty(tmp_path: Path) -> None:
    master = tmp_path / "master.sock"
    assert slots.read(master, ("b",)) == ()
    assert slots.sessions(master, ("b",), frozenset({"10.0.0.2"})) == 0
    slots.set_state(master, ("b",), lambda _: True, Admission.READY)


def test_workers_of_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "ask", Proxy({"show proc": PROCESSES}).ask)
    assert sockets.workers(MASTER) == (11, 8)
