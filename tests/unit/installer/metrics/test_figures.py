"""The queries of the figures."""

from __future__ import annotations

from installer.metrics.figures import FIGURES
from installer.metrics.page import window

NOW = 1_795_000_000.0


def test_query_of_each_figure_covers_window() -> None:
    shown = window(NOW, 6, 40)
    for figure in FIGURES:
        text = figure.query(shown.start, shown.step, "figure0")
        assert f"time >= {shown.start}s" in text
        assert f"GROUP BY time({shown.step}s)" in text
        assert ";" not in text
        assert "{" not in text
