"""The page of plots: what InfluxDB has of the last hours, one row for each thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from installer.metrics import influxdb
from installer.metrics.figures import FIGURES, INTERVAL_SECONDS, Figure
from installer.metrics.plot import amount, blocks, clip
from runtime.context.cluster import Cluster
from runtime.output.encoder import as_json

# A plot that is wider says no more, one that is narrower says nothing.
MOST_COLUMNS, LEAST_COLUMNS = 72, 8
MOST_NAME = 34
# What is newer counts as now: a measurement and the last one before it.
NOW_SECONDS = 3 * INTERVAL_SECONDS
# Two numbers of at most nine characters, what is between all parts, and the step that has just begun.
NUMBERS = 28
Series = Mapping[str, Any]


@dataclass(frozen=True)
class TimeWindow:
    """The time that is shown: `columns` steps of `step` seconds from `start` (seconds since the epoch) on."""

    start: int
    step: int
    columns: int
    hours: int


@dataclass(frozen=True)
class Row:
    """One thing: a value for each step, None where nothing was measured; `now` is the last, if it is new."""

    figure: Figure
    name: str
    values: tuple[float | None, ...]
    now: float | None

    @property
    def measured(self) -> tuple[float, ...]:
        """The values that there are; there is at least one."""
        return tuple(value for value in self.values if value is not None)

    @property
    def mean(self) -> float:
        """The mean of all steps."""
        return sum(self.measured) / len(self.measured)

    @property
    def most(self) -> float:
        """The highest."""
        return max(self.measured)


@dataclass(frozen=True)
class Page:
    """All rows, and the figures of which nothing was measured."""

    window: TimeWindow
    rows: tuple[Row, ...]
    missing: tuple[Figure, ...]


def columns_for(width: int) -> int:
    """How many steps fit in a terminal of `width` characters; as many as may be for 0, without one."""
    if not width:
        return MOST_COLUMNS
    return min(max(width - _name_width(width) - NUMBERS, LEAST_COLUMNS), MOST_COLUMNS)


def _name_width(width: int) -> int:
    return min(MOST_NAME, max(width // 3, 6))


def window(now: float, hours: int, columns: int) -> TimeWindow:
    """The last hours until `now` (seconds since the epoch), in at most so many steps, and one that has just begun."""
    span = hours * 3600
    step = max(INTERVAL_SECONDS, -(-span // columns))
    # As InfluxDB cuts time: at multiples of the step since the epoch.
    start = int(now - span) // step * step + step
    return TimeWindow(start, step, (int(now) - start) // step + 1, hours)


def take(cluster: Cluster, shown: TimeWindow) -> Page:
    """Ask InfluxDB, as the reader. Raises ShoestringError if it does not run."""
    queries = (each.query(shown.start, shown.step, _column(number)) for number, each in enumerate(FIGURES))
    return assemble(FIGURES, influxdb.ask(cluster, "; ".join(queries)), shown, cluster.settings.project(""))


def _column(number: int) -> str:
    """What the values of a figure are called in the answer, where nothing else tells whose they are."""
    return f"figure{number}"


def assemble(figures: Sequence[Figure], answer: Sequence[Series], shown: TimeWindow, own: str = "") -> Page:
    """Put the answer in its places; `own` begins the names of this instance's containers, and is left out. Pure."""
    rows, missing = [], []
    for number, figure in enumerate(figures):
        mine = [_row(figure, series, shown, own) for series in answer if series["columns"][1] == _column(number)]
        found = sorted((row for row in mine if row.measured), key=lambda row: row.name)
        rows += found
        if not found:
            missing.append(figure)
    return Page(shown, tuple(rows), tuple(missing))


def _row(figure: Figure, series: Series, shown: TimeWindow, own: str) -> Row:
    values: list[float | None] = [None] * shown.columns
    for moment, value, *_ in series["values"]:
        place = (int(moment) - shown.start) // shown.step
        if value is not None and 0 <= place < shown.columns:
            values[place] = float(value)
    recent = max(1, -(-NOW_SECONDS // shown.step)) + 1
    now = next((value for value in reversed(values[-recent:]) if value is not None), None)
    name = figure.name.format_map(series.get("tags", {})).removeprefix(own)
    return Row(figure, name, tuple(values), now)


def lines(page: Page, width: int) -> Iterator[str]:
    """The page for a terminal of `width` characters; for 0, without one, numbers alone."""
    groups = dict.fromkeys([*(row.figure.group for row in page.rows), *(each.group for each in page.missing)])
    order = [each for each in dict.fromkeys(figure.group for figure in FIGURES) if each in groups]
    by_group = {name: list(rows) for name, rows in groupby(page.rows, lambda row: row.figure.group)}
    step = page.window.step
    each = f", each block {_duration(step)}" if width else ""
    hours = "hour" if page.window.hours == 1 else f"{page.window.hours} hours"
    yield from _fit(f"  The last {hours}{each}. The numbers: now, {'most' if width else 'mean, most'}", width)
    for group in order:
        yield from ("", f"  {group}")
        yield from _group_lines(by_group.get(group, []), width)
        absent = dict.fromkeys(figure.measurement for figure in page.missing if figure.group == group)
        yield from (line for name in absent for line in _fit(f"    nothing was measured: {name}", width))


def _group_lines(rows: Sequence[Row], width: int) -> Iterator[str]:
    longest = max((len(row.name) for row in rows), default=0)
    name_width = min(longest, _name_width(width)) if width else longest
    for row in rows:
        name, unit = clip(row.name, name_width).ljust(name_width), row.figure.unit
        now, most = amount(row.now, unit), amount(row.most, unit)
        if not width:
            yield f"    {name}  {now:>9} {amount(row.mean, unit):>9} {most:>9}"
            continue
        plot = f"  {blocks(row.values, row.figure.top)}"
        line = f"    {name}{plot}  {now:>9} {most:>9}"
        # Too narrow for all: the plot goes first, then the highest.
        narrow = (line, f"    {name}  {now:>9} {most:>9}", f"  {name}  {now}")
        yield next((each for each in narrow if len(each) <= width), clip(narrow[-1], width))


def _fit(text: str, width: int) -> Iterator[str]:
    yield clip(text, width) if width else text


def _duration(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def page_json(page: Page) -> str:
    """The same for a script; docs/json.md has the keys."""
    rows = [
        {
            "group": row.figure.group,
            "name": row.name,
            "unit": row.figure.unit,
            "now": row.now,
            "mean": row.mean,
            "most": row.most,
            "values": row.values,
        }
        for row in page.rows
    ]
    missing = [{"group": each.group, "measurement": each.measurement} for each in page.missing]
    shown = page.window
    return as_json(start=shown.start, step=shown.step, columns=shown.columns, rows=rows, missing=missing)
