from __future__ import annotations

from dataclasses import replace

from installer.host import docker_daemon
from installer.host.docker_daemon import Plan
from installer.host_setup import HostChoice, HostPlan, Offer, decide, rows

GIGABYTE = 1024**3
LOGS = docker_daemon.plan(None)
OFFER = Offer(systemd=True, swap=GIGABYTE, log_rotation=LOGS)
NOTHING = HostChoice(timers=False, swap=False, log_rotation=False)
EVERYTHING = HostPlan(timers=True, swap=GIGABYTE, log_rotation=LOGS)


class Person:
    """Answers each question alike, and knows what was asked."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, question: str) -> bool:
        self.asked.append(question)
        return self.answer


def test_a_person_is_asked_for_each() -> None:
    willing, unwilling = Person(True), Person(False)
    assert decide(HostChoice(), OFFER, willing, recorded=True, starts=True) == EVERYTHING
    assert decide(HostChoice(), OFFER, unwilling, recorded=True, starts=True) == HostPlan()
    assert willing.asked == unwilling.asked
    assert len(willing.asked) == 3
    assert "Add 1024 MB of swap?" in willing.asked


def test_what_the_command_line_says_is_not_asked() -> None:
    person = Person(True)
    assert decide(NOTHING, OFFER, person, recorded=True, starts=True) == HostPlan()
    assert decide(HostChoice(True, True, True), OFFER, person, recorded=False, starts=True) == EVERYTHING
    assert person.asked == []


def test_without_questions_only_timers_are_on() -> None:
    assert decide(HostChoice(), OFFER, None, recorded=True, starts=True) == HostPlan(timers=True)


def test_what_the_host_has_or_cannot_is_not_asked() -> None:
    person = Person(True)
    offer = Offer(systemd=True, swap=0, log_rotation=Plan(why="rotated already"))
    assert decide(HostChoice(True, True, True), offer, person, recorded=True, starts=True) == HostPlan(timers=True)
    assert person.asked == []


def test_the_firewall_is_asked_for_where_there_can_be_one() -> None:
    person = Person(True)
    offer = replace(OFFER, firewall=True)
    assert decide(NOTHING, offer, person, recorded=True, starts=True) == HostPlan(firewall=True)
    assert person.asked == ["Close all other ports to the outside (SSH stays open)?"]
    assert decide(NOTHING, offer, Person(False), recorded=True, starts=True) == HostPlan()
    assert decide(NOTHING, offer, None, recorded=True, starts=True) == HostPlan()
    assert decide(NOTHING, offer, person, recorded=False, starts=True) == HostPlan()


def test_a_firewall_of_the_settings_or_of_the_command_line_is_not_asked_for() -> None:
    person = Person(False)
    offer = replace(OFFER, firewall=True)
    assert decide(NOTHING, offer, person, recorded=True, starts=True, firewall=True) == HostPlan(firewall=True)
    wanted, refused = replace(NOTHING, firewall=True), replace(NOTHING, firewall=False)
    assert decide(wanted, offer, person, recorded=False, starts=True) == HostPlan(firewall=True)
    assert decide(refused, offer, person, recorded=True, starts=True, firewall=True) == HostPlan()
    assert decide(wanted, offer, person, recorded=True, starts=False) == HostPlan()
    assert person.asked == []


def test_without_systemd_the_lines_for_cron_are_shown() -> None:
    offer = Offer(systemd=False, swap=0, log_rotation=Plan())
    assert decide(HostChoice(), offer, None, recorded=True, starts=True) == HostPlan(cron=True)
    assert decide(HostChoice(timers=False), offer, None, recorded=True, starts=True) == HostPlan()


def test_a_demo_and_what_is_not_started_have_no_timers() -> None:
    assert decide(HostChoice(), OFFER, None, recorded=False, starts=True) == HostPlan()
    assert decide(HostChoice(timers=True), OFFER, None, recorded=True, starts=False) == HostPlan()


def test_the_plan_is_shown() -> None:
    assert rows(HostPlan()) == []
    assert [row[:2] for row in rows(EVERYTHING)] == [
        ("+", "timers"),
        ("+", "swap"),
        ("~", "/etc/docker/daemon.json"),
    ]
