from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runtime.base.formats import age, count, duration, local_time, rfc3339, size, until

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 kB"),
        (4_120_000, "3.9 MB"),
        (10 * 2**20 - 1, "9.9 MB"),
        (957 * 2**20, "957 MB"),
        (18 * 2**30, "18 GB"),
        (2**60, "1048576 TB"),
    ],
)
def test_size(number: int, text: str) -> None:
    assert size(number) == text


def test_count() -> None:
    assert (count(1, "change"), count(0, "change")) == ("1 change", "0 changes")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 minute"),
        (3_600, "1 hour"),
        (47.9 * 3_600, "47 hours"),
        (48 * 3_600, "2 days"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_until() -> None:
    assert (until(90), until(0), until(-10)) == ("in 1 minute", "now", "now")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("", "-"),
        ("2026-01-10T11:59:48Z", "12 s"),
        ("2026-01-10T11:59:00.999999999Z", "1 minute"),
        ("2026-01-10T09:30:00Z", "2 hours"),
        ("2026-01-01T12:00:00Z", "9 days"),
        ("2026-01-10T12:00:05Z", "0 s"),
    ],
)
def test_age(moment: str, text: str) -> None:
    assert age(moment, NOW) == text


def test_rfc3339_and_local_time() -> None:
    assert rfc3339(NOW.timestamp()) == "2026-01-10T12:00:00Z"
    noon = datetime(2026, 1, 10, 12).astimezone().timestamp()
    assert local_time(noon - 3, noon) == "11:59:57"
    assert local_time(noon - 86_400, noon) == "2026-01-09 12:00:00"
