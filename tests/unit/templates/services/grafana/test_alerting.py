"""When Grafana's alerts come: after the time that they tell, and not before."""

from __future__ import annotations

import pytest

from tests.support.services import grafana_alerts
from tests.support.services.grafana_alerts import STEP_SECONDS, Rule

RULES = grafana_alerts.rules()
MINUTE = 60
# Telegraf measures so often; what it reads is as old as the watchdog's last pass, which comes each minute.
MEASURED_SECONDS = 30
LATE = STEP_SECONDS + MEASURED_SECONDS
# When Grafana looks has nothing to do with when Telegraf measures.
PHASES = pytest.mark.parametrize("phase", [0, 1, 15, 29, 31, 59])
HOUR = 60 * MINUTE


def measured(*spans: tuple[int, float], first: int = 0) -> dict[float, float]:
    """A value for so many seconds, then another for so many."""
    points: dict[float, float] = {}
    now = first
    for seconds, value in spans:
        points |= dict.fromkeys(range(now, now + seconds, MEASURED_SECONDS), value)
        now += seconds
    return points


def passes(*moments: int, until: int) -> dict[float, float]:
    """What is measured of passes that end at these moments: the last one's."""
    return {now: max(each for each in moments if each <= now) for now in range(moments[0], until, MEASURED_SECONDS)}


def test_the_rules_are_these() -> None:
    """No limit and no time changes unseen."""
    wanted = {
        "disk": Rule("last", "gt", 85, 5 * MINUTE, 0, no_data=False),
        "memory": Rule("last", "lt", 10, 2 * MINUTE, 5 * MINUTE, no_data=False),
        "certificate": Rule("last", "lt", 10, 10 * MINUTE, 0, no_data=False),
        "application": Rule("last", "lt", 1, 2 * MINUTE, 5 * MINUTE, no_data=False),
        "watchdog": Rule("spread", "lt", 1, 5 * MINUTE + MEASURED_SECONDS, 5 * MINUTE, no_data=True),
    }
    assert wanted == RULES


@PHASES
@pytest.mark.parametrize(("name", "well", "bad"), [("disk", 85.0, 85.1), ("certificate", 10.0, 9.99)])
def test_a_limit_that_is_passed_is_told_at_once(name: str, well: float, bad: float, phase: int) -> None:
    assert RULES[name].alarms(measured((HOUR, well)), HOUR, phase) is None
    told = RULES[name].alarms(measured((10 * MINUTE, well), (10 * MINUTE, bad)), HOUR, phase)
    assert told is not None
    assert 0 <= told - 10 * MINUTE <= LATE


@PHASES
@pytest.mark.parametrize(("name", "well", "bad"), [("memory", 40.0, 5.0), ("application", 1, 0)])
def test_what_must_last_is_told_after_five_minutes(name: str, well: float, bad: float, phase: int) -> None:
    told = RULES[name].alarms(measured((10 * MINUTE, well), (10 * MINUTE, bad)), HOUR, phase)
    assert told is not None
    assert 5 * MINUTE <= told - 10 * MINUTE <= 5 * MINUTE + LATE


@PHASES
@pytest.mark.parametrize(("name", "well", "bad"), [("memory", 40.0, 5.0), ("application", 1, 0)])
def test_what_ends_before_its_time_is_not_told(name: str, well: float, bad: float, phase: int) -> None:
    rule = RULES[name]
    # At the very start, and later.
    assert rule.alarms(measured((4 * MINUTE, bad), (HOUR, well)), HOUR, phase) is None
    often = [(4 * MINUTE, bad), (2 * MINUTE, well)] * 8
    assert rule.alarms(measured(*often), 48 * MINUTE, phase) is None


@PHASES
@pytest.mark.parametrize("name", ["disk", "memory", "certificate", "application"])
def test_nothing_measured_is_no_alarm_of_theirs(name: str, phase: int) -> None:
    assert RULES[name].alarms({}, HOUR, phase) is None
    few = measured((MINUTE, 0.0), first=30 * MINUTE)
    assert RULES["memory"].alarms(few, HOUR, phase) is None


@PHASES
@pytest.mark.parametrize("goes_on", [True, False], ids=["still measured", "nothing measured"])
def test_ten_minutes_without_a_pass_are_told(goes_on: bool, phase: int) -> None:
    last = 20 * MINUTE
    points = passes(*range(0, last + 1, MINUTE), until=HOUR if goes_on else last + MEASURED_SECONDS)
    told = RULES["watchdog"].alarms(points, HOUR, phase)
    assert told is not None
    assert 10 * MINUTE <= told - last <= 10 * MINUTE + LATE


@PHASES
def test_a_pass_within_ten_minutes_is_soon_enough(phase: int) -> None:
    moments = [*range(0, 20 * MINUTE, MINUTE), *range(28 * MINUTE, HOUR, MINUTE)]
    assert RULES["watchdog"].alarms(passes(*moments, until=HOUR), HOUR, phase) is None


@PHASES
@pytest.mark.parametrize("first", [0, MINUTE, 3 * MINUTE])
def test_a_fresh_start_is_no_alarm(first: int, phase: int) -> None:
    """Nothing was measured before, and of one pass alone nobody knows whether another comes."""
    moments = range(first, HOUR, MINUTE)
    assert RULES["watchdog"].alarms(passes(*moments, until=HOUR), HOUR, phase) is None


@PHASES
def test_nothing_measured_from_the_start_on_is_told(phase: int) -> None:
    told = RULES["watchdog"].alarms({}, HOUR, phase)
    assert told is not None
    assert 5 * MINUTE <= told - phase <= 5 * MINUTE + STEP_SECONDS
