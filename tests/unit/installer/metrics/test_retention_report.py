"""What a person reads about how long points are kept."""

from __future__ import annotations

import json

import pytest

from installer.metrics import retention_report
from installer.metrics.influxdb import Retention, checked_days
from runtime.base.errors import UsageError


def test_days_are_counted_in_words() -> None:
    assert retention_report.retention_lines(Retention(1, 365)) == [
        "  points        1 day",
        "  hourly means  365 days",
    ]
    assert "forever" in retention_report.retention_lines(Retention(0, 365))[0]


def test_what_is_lost_is_said_before() -> None:
    assert len(retention_report.change_lines(Retention(30, 365), 60)) == 1
    assert "older than 10 days" in retention_report.change_lines(Retention(30, 365), 10)[1]
    assert "older than 10 days" in retention_report.change_lines(Retention(0, 365), 10)[1]


def test_a_script_reads_numbers() -> None:
    answer = json.loads(retention_report.retention_json(Retention(30, 365)))
    assert answer == {"version": 2, "days": 30, "hourly_days": 365}


@pytest.mark.parametrize("days", [0, -3, 3651])
def test_days_must_make_sense(days: int) -> None:
    with pytest.raises(UsageError, match="1 to 3650"):
        checked_days(days)


def test_a_change_has_what_was_what_was_asked_for_and_what_is() -> None:
    planned = retention_report.change_json(Retention(30, 365), 60, Retention(30, 365))
    assert json.loads(planned) == {"version": 2, "days": 30, "hourly_days": 365, "before": 30, "wanted": 60}


def test_fewer_days_and_an_end_lose_points() -> None:
    assert [Retention(days, 365).loses(30) for days in (0, 29, 30, 31)] == [True, False, False, True]
