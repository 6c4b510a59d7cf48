"""Small plots: blocks of eighths, gaps for missing values, numbers with units."""

from __future__ import annotations

import pytest

from installer.metrics.figures import FigureUnit
from installer.metrics.plot import amount, blocks, clip


def test_blocks_of_highest_and_lowest() -> None:
    assert blocks([0.0, 50.0, 100.0]) == "▁▅█"


def test_blocks_gap_for_missing_value() -> None:
    assert blocks([None, 1.0, None]) == " █ "


def test_blocks_with_given_top() -> None:
    assert blocks([10.0, 20.0], top=100.0) == "▂▂"
    assert blocks([200.0], top=100.0) == "█"


def test_blocks_of_zeros() -> None:
    assert blocks([0.0, 0.0]) == "▁▁"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12.34, FigureUnit.PERCENT, "12 %"),
        (0.4, FigureUnit.PERCENT, "0.4 %"),
        (28 * 1024 * 1024, FigureUnit.BYTES, "28 MB"),
        (2.5 * 1024**3, FigureUnit.BYTES, "2.5 GB"),
        (512, FigureUnit.BYTES, "512 B"),
        (2048, FigureUnit.BYTES_PER_SECOND, "2.0 kB/s"),
        (0, FigureUnit.BYTES_PER_SECOND, "0 B/s"),
        (1.25, FigureUnit.PER_SECOND, "1.2/s"),
        (0.034, FigureUnit.PER_SECOND, "0.03/s"),
        (83.6, FigureUnit.MILLISECONDS, "84 ms"),
        (2500, FigureUnit.MILLISECONDS, "2.5 s"),
        (59.4, FigureUnit.DAYS, "59 days"),
        (1.0, FigureUnit.DAYS, "1 day"),
        (0.27, FigureUnit.NUMBER, "0.27"),
        (None, FigureUnit.NUMBER, "-"),
    ],
)
def test_amount_has_unit(value: float | None, unit: FigureUnit, text: str) -> None:
    assert amount(value, unit) == text


def test_clip_shortens_in_the_middle() -> None:
    assert clip("shoestring_blog-application-1", 16) == "shoestri…ation-1"
    assert clip("short", 16) == "short"
    assert clip("short", 1) == "…"
