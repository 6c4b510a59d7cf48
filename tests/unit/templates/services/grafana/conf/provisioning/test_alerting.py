"""The times of Grafana's alerts: after the configured time, and not before."""

from __future__ import annotations

import pytest

from tests.support.services import grafana_alerts
from tests.support.services.grafana_alerts import STEP_SECONDS, Rule

RULES = grafana_alerts.rules()
MINUTE = 60
# Telegraf measures this often; the figures are as old as the watchdog's last run, one a minute.
MEASURED_SECONDS = 30
LATE = STEP_SECONDS + MEASURED_SECONDS
# Grafana evaluates at other moments than Telegraf measures.
PHASES = pytest.mark.parametrize("phase", [0, 1, 15, 29, 31, 59])
HOUR = 60 * MINUTE


def measured(*spans: tuple[int, float], first: int = 0) -> dict[float, float]:
    """Return points with a value for some seconds, then another one for some seconds."""
    points: dict[float, float] = {}
    now = first
    for seconds, value in spans:
        points |= dict.fromkeys(range(now, now + seconds, MEASURED_SECONDS), value)
        now += seconds
    return points


def watchdog_runs(*moments: int, until: int) -> dict[float, float]:
    """Return the points measured for runs that end at these moments: the time of the last one."""
    return {now: max(each for each in moments if each <= now) for now in range(moments[0], until, MEASURED_SECONDS)}


def test_rules_have_limits_and_times() -> None:
    """A changed limit or time must be noticed."""
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
def test_alert_immediately_beyond_limit(name: str, well: float, bad: float, phase: int) -> None:
    assert RULES[name].fires_at(measured((HOUR, well)), HOUR, phase) is None
    alerted = RULES[name].fires_at(measured((10 * MINUTE, well), (10 * MINUTE, bad)), HOUR, phase)
    assert alerted is not None
    assert 0 <= alerted - 10 * MINUTE <= LATE


@PHASES
@pytest.mark.parametrize(("name", "well", "bad"), [("memory", 40.0, 5.0), ("application", 1, 0)])
def test_alert_after_five_minutes(name: str, well: float, bad: float, phase: int) -> None:
    alerted = RULES[name].fires_at(measured((10 * MINUTE, well), (10 * MINUTE, bad)), HOUR, phase)
    assert alerted is not None
    assert 5 * MINUTE <= alerted - 10 * MINUTE <= 5 * MINUTE + LATE


@PHASES
@pytest.mark.parametrize(("name", "well", "bad"), [("memory", 40.0, 5.0), ("application", 1, 0)])
def test_no_alert_if_condition_ends_early(name: str, well: float, bad: float, phase: int) -> None:
    rule = RULES[name]
    # At the start, and later.
    assert rule.fires_at(measured((4 * MINUTE, bad), (HOUR, well)), HOUR, phase) is None
    often = [(4 * MINUTE, bad), (2 * MINUTE, well)] * 8
    assert rule.fires_at(measured(*often), 48 * MINUTE, phase) is None


@PHASES
@pytest.mark.parametrize("name", ["disk", "memory", "certificate", "application"])
def test_no_alert_without_data(name: str, phase: int) -> None:
    assert RULES[name].fires_at({}, HOUR, phase) is None
    few = measured((MINUTE, 0.0), first=30 * MINUTE)
    assert RULES["memory"].fires_at(few, HOUR, phase) is None


@PHASES
@pytest.mark.parametrize("continues", [True, False], ids=["still measured", "nothing measured"])
def test_watchdog_alert_after_ten_minutes_without_run(continues: bool, phase: int) -> None:
    last = 20 * MINUTE
    points = watchdog_runs(*range(0, last + 1, MINUTE), until=HOUR if continues else last + MEASURED_SECONDS)
    alerted = RULES["watchdog"].fires_at(points, HOUR, phase)
    assert alerted is not None
    assert 10 * MINUTE <= alerted - last <= 10 * MINUTE + LATE


@PHASES
def test_watchdog_no_alert_for_run_within_ten_minutes(phase: int) -> None:
    moments = [*range(0, 20 * MINUTE, MINUTE), *range(28 * MINUTE, HOUR, MINUTE)]
    assert RULES["watchdog"].fires_at(watchdog_runs(*moments, until=HOUR), HOUR, phase) is None


@PHASES
@pytest.mark.parametrize("first", [0, MINUTE, 3 * MINUTE])
def test_watchdog_no_alert_after_fresh_start(first: int, phase: int) -> None:
    """There are no earlier points, and one run does not tell whether another will follow."""
    moments = range(first, HOUR, MINUTE)
    assert RULES["watchdog"].fires_at(watchdog_runs(*moments, until=HOUR), HOUR, phase) is None


@PHASES
def test_watchdog_alert_without_data_from_start(phase: int) -> None:
    alerted = RULES["watchdog"].fires_at({}, HOUR, phase)
    assert alerted is not None
    assert 5 * MINUTE <= alerted - phase <= 5 * MINUTE + STEP_SECONDS
