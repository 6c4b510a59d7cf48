"""The page of plots, from answers of InfluxDB."""

from __future__ import annotations

import json
from typing import Any

import pytest

from installer.metrics import figures, page
from installer.metrics.figures import Figure, FigureUnit
from installer.metrics.json_results import MetricsJson
from installer.metrics.page import FigurePage, assemble, lines, window
from runtime.output.encoder import result_json

NOW = 1_795_000_000.0
LOAD = Figure("HOST", "load", FigureUnit.NUMBER, "system", 'mean("load1")')
PEER = Figure("VPN", "{client} in", FigureUnit.BYTES_PER_SECOND, "shoestring_peer", "x", by="client")


def series(values: dict[int, float | None], number: int = 1, **tags: str) -> dict[str, Any]:
    """Return a series as InfluxDB answers it: `values` by their age in steps."""
    shown = window(NOW, hours=6, columns=40)
    last = shown.start + (shown.columns - 1) * shown.step
    rows = [[last - ago * shown.step, value] for ago, value in sorted(values.items(), reverse=True)]
    return {"name": "x", "columns": ["time", f"figure{number}"], "values": rows, **({"tags": tags} if tags else {})}


def made(load: dict[int, float | None], *peers: dict[str, Any]) -> FigurePage:
    shown = window(NOW, hours=6, columns=40)
    return assemble((LOAD, PEER), [*([series(load, 0)] if load else []), *peers], shown)


def test_window_has_whole_steps_and_ends_now() -> None:
    for hours in (1, 6, 24, 720):
        for columns in (1, 17, 80, 500):
            shown = window(NOW, hours, columns)
            assert shown.columns <= columns + 1
            assert shown.step >= figures.INTERVAL_SECONDS
            assert shown.start % shown.step == 0
            assert shown.start <= NOW - hours * 3600 + shown.step
            assert shown.start + shown.columns * shown.step > NOW


def test_assemble_puts_values_in_columns() -> None:
    (row, _) = made({0: 1.0, 1: None, 39: 2.0}, series({0: 5.0}, client="laptop")).rows
    assert len(row.values) == made({0: 1.0}).window.columns
    assert (row.values[-1], row.values[-2], row.values[-40]) == (1.0, None, 2.0)
    assert (row.now, row.maximum) == (1.0, 2.0)


def test_assemble_row_without_recent_value() -> None:
    (row,) = made({10: 1.0}).rows
    assert (row.now, row.maximum) == (None, 1.0)


def test_assemble_sorts_rows_by_tag() -> None:
    found = made({0: 1.0}, series({0: 5.0}, client="phone"), series({0: 5.0}, client="laptop"))
    assert [row.name for row in found.rows] == ["load", "laptop in", "phone in"]


def test_assemble_shortens_container_names() -> None:
    shown = window(NOW, hours=6, columns=40)
    found = assemble((LOAD, PEER), [series({0: 1.0}, client="demo_blog-1")], shown, "demo_")
    assert [row.name for row in found.rows] == ["blog-1 in"]


def test_lines_name_missing_measurement() -> None:
    text = "\n".join(lines(made({0: 1.0}), 80))
    assert "VPN" in text
    assert "no data: shoestring_peer" in text


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_lines_fit_terminal(width: int) -> None:
    shown = window(NOW, 6, page.columns_for(width))
    long = {"name": "x", "columns": ["time", "figure1"], "values": [[shown.start, 3e9]], "tags": {"client": "a" * 60}}
    found = assemble((LOAD, PEER), [series({0: 1.0}, 0), long], shown)
    assert max(map(len, lines(found, width))) <= width


def test_lines_without_terminal_are_numbers() -> None:
    text = "\n".join(lines(made({0: 1.0, 1: 3.0}), 0))
    assert not set(text) & set("▁▂▃▄▅▆▇█")
    assert [line.split() for line in lines(made({0: 1.0, 1: 3.0}), 0) if "load" in line] == [["load", "1", "2", "3"]]


def test_page_json_has_all_fields() -> None:
    found = json.loads(result_json(MetricsJson.of(made({0: 1.0}))))
    (row,) = found["rows"]
    assert (row["group"], row["name"], row["unit"], row["now"]) == ("HOST", "load", "number", 1.0)
    assert len(row["values"]) == found["columns"]
    assert found["missing"] == [{"group": "VPN", "measurement": "shoestring_peer"}]
