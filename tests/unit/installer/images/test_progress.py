"""The progress of builds and pulls."""

from __future__ import annotations

from installer.images.progress import ImageAction, Meter, Progress


def test_meter_reports_elapsed_time() -> None:
    reports: list[Progress] = []
    meter = Meter("haproxy", ImageAction.BUILD, reports.append, started=0.0)
    meter.report_line("Step 1/2")
    assert reports[0].line == "Step 1/2"
    assert reports[0].seconds > 0
