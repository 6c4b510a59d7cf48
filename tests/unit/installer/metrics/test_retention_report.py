"""The output about the retention of points."""

from __future__ import annotations

import json

import pytest

from installer.metrics import retention_report
from installer.metrics.influxdb import Retention, checked_days
from installer.metrics.json_results import RetentionChangeJson, RetentionJson
from runtime.base.errors import UsageError
from runtime.output.encoder import result_json


def test_retention_lines() -> None:
    assert retention_report.retention_lines(Retention(1, 365)) == [
        "  points        1 day",
        "  hourly means  365 days",
    ]
    assert "forever" in retention_report.retention_lines(Retention(0, 365))[0]


def test_change_lines_warn_of_lost_points() -> None:
    assert len(retention_report.change_lines(Retention(30, 365), 60)) == 1
    assert "older than 10 days" in retention_report.change_lines(Retention(30, 365), 10)[1]
    assert "older than 10 days" in retention_report.change_lines(Retention(0, 365), 10)[1]


def test_retention_json() -> None:
    answer = json.loads(result_json(RetentionJson.of(Retention(30, 365))))
    assert answer == {"version": 2, "days": 30, "hourly_days": 365}


@pytest.mark.parametrize("days", [0, -3, 3651])
def test_checked_days_refuses_invalid_number(days: int) -> None:
    with pytest.raises(UsageError, match="1 to 3650"):
        checked_days(days)


def test_change_json_has_before_and_wanted() -> None:
    planned = result_json(RetentionChangeJson.of_change(Retention(30, 365), 60, Retention(30, 365)))
    assert json.loads(planned) == {"version": 2, "days": 30, "hourly_days": 365, "before": 30, "wanted": 60}


def test_loses_points_of_shorter_retention() -> None:
    assert [Retention(days, 365).shortens(30) for days in (0, 29, 30, 31)] == [True, False, False, True]
