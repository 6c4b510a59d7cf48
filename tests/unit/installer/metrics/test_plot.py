"""Small plots: blocks of eighths, gaps where nothing was measured, numbers with their units."""

from __future__ import annotations

import pytest

from installer.metrics.figures import FigureUnit
from installer.metrics.plot import amount, blocks, clip


def test_the_highest_is_full_and_nothing_is_a_line() -> None:
    assert blocks([0.0, 50.0, 100.0]) == "▁▅█"


def test_where_nothing_was_measured_is_a_gap() -> None:
    assert blocks([None, 1.0, None]) == " █ "


def test_a_scale_that_has_a_top_keeps_it() -> None:
    assert blocks([10.0, 20.0], top=100.0) == "▂▂"
    assert blocks([200.0], top=100.0) == "█"


def test_nothing_but_zeros_is_flat() -> None:
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
def test_an_amount_has_its_unit(value: float | None, unit: FigureUnit, text: str) -> None:
    assert amount(value, unit) == text


def test_a_long_name_is_cut_in_its_middle() -> None:
    assert clip("shoestring_blog-application-1", 16) == "shoestri…ation-1"
    assert clip("short", 16) == "short"
    assert clip("short", 1) == "…"
