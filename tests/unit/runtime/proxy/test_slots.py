"""The places of a backend, read from what a real HAProxy 3.0 answered."""

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


def test_a_recorded_answer_to_several_questions() -> None:
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


def test_nothing_is_read_from_nothing() -> None:
    assert slots.parse("") == ()
    assert slots.parse("No such proxy.\n\n") == ()


@pytest.mark.parametrize(
    ("status", "check", "health", "passed", "serves"),
    [
        # As HAProxy goes through them: a new address, a check that fails, one that passes.
        ("DRAIN 1/2", "* INI", 1, False, False),
        ("DOWN", "L4TOUT", 0, False, False),
        ("DRAIN", "L4OK", 2, True, False),
        ("UP", "* L4OK", 2, True, True),
        ("UP 1/2", "INI", 1, False, True),
        # The result of a check of the container before is not that of this one.
        ("DRAIN 1/2", "L4OK", 1, False, False),
        ("UP 1/2", "L7STS", 1, False, True),
    ],
)
def test_passed_means_since_the_container_came(
    status: str, check: str, health: int, passed: bool, serves: bool
) -> None:
    slot = one(stat(status, check, health))
    assert (slot.passed, slot.serves, slot.sessions) == (passed, serves, 3)


def test_without_a_check_all_that_has_an_address_is_good() -> None:
    slot = one(stat("no check", "", 0, rise="", fall=""))
    assert slot.passed
    assert slot.serves
    assert not one(stat("MAINT (resolution)", "", 0, rise="", fall="", address="")).passed


def test_a_place_whose_check_pauses_has_not_passed() -> None:
    """HAProxy leaves the figures of a check out while it pauses."""
    assert not one(stat("MAINT (resolution)", "", 0, rise="", fall="")).passed


def test_an_ipv6_address() -> None:
    slot = one(stat("UP", "L4OK", 2, address="[fd00::2]:8080"))
    assert (slot.address, slot.port) == ("fd00::2", 8080)


class Proxy:
    """Answers as a master process with two others, and notes what it was told."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.told: list[str] = []

    def ask(self, path: Path, commands: str, timeout: float = 0.0) -> str:
        lines = commands.split("\n")
        assert lines[-1] == "quit"
        self.told += [line for line in lines if "set server" in line]
        answers = [self.answers.get(line, "") for line in lines]
        if "hangs" in answers:
            raise ShoestringError("did not answer")
        return "\n".join(answers)


def test_all_processes_are_told_each_of_its_own_places(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy(
        {
            "show proc": PROCESSES,
            "@!11 show stat b 4 -1": stat("UP", "L4OK", 2),
            "@!8 show stat b 4 -1": stat("UP", "L4OK", 2).replace("server-1", "server-2"),
        }
    )
    monkeypatch.setattr(sockets, "ask", proxy.ask)
    slots.set_state(MASTER, ("b",), lambda slot: slot.address == "10.0.0.2", Admission.DRAIN)
    assert proxy.told == ["@!11 set server b/server-1 state drain", "@!8 set server b/server-2 state drain"]
    assert slots.sessions(MASTER, ("b",), frozenset({"10.0.0.2"})) == 6
    assert slots.sessions(MASTER, ("b",), frozenset({"10.0.0.3"})) == 0


def test_a_process_that_ends_meanwhile_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "show proc": PROCESSES,
        "@!11 show stat b 4 -1": stat("UP", "L4OK", 2),
        "@!8 show stat b 4 -1": "hangs",
    }
    monkeypatch.setattr(sockets, "ask", Proxy(answers).ask)
    assert slots.sessions(MASTER, ("b",), frozenset({"10.0.0.2"})) == 3


def test_without_a_proxy_there_are_no_places(tmp_path: Path) -> None:
    master = tmp_path / "master.sock"
    assert slots.read(master, ("b",)) == ()
    assert slots.sessions(master, ("b",), frozenset({"10.0.0.2"})) == 0
    slots.set_state(master, ("b",), lambda _: True, Admission.READY)


def test_the_processes_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "ask", Proxy({"show proc": PROCESSES}).ask)
    assert sockets.workers(MASTER) == (11, 8)
