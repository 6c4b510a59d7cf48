"""The page of plots: the metrics of the last hours, a row for each thing that is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from installer.metrics import influxdb
from installer.metrics.figures import FIGURES, INTERVAL_SECONDS, Figure
from installer.metrics.plot import amount, blocks, clip
from runtime.context.cluster import Cluster

# A wider plot shows no more, a narrower one nothing.
MOST_COLUMNS, LEAST_COLUMNS = 72, 8
MOST_NAME = 34
# A value at most this old counts as the current one: a measurement and the one before it.
NOW_SECONDS = 3 * INTERVAL_SECONDS
# Two numbers of at most nine characters, the space between the parts, and the step that has just begun.
NUMBERS = 28
Series = Mapping[str, Any]


@dataclass(frozen=True)
class TimeWindow:
    """The time range of a page: `columns` steps of `step` seconds from `start` (seconds since the epoch)."""

    start: int
    step: int
    columns: int
    hours: int


@dataclass(frozen=True)
class FigureRow:
    """One thing: a value for each step, None where there is none; `now` is the last value, if it is recent."""

    figure: Figure
    name: str
    values: tuple[float | None, ...]
    now: float | None

    @property
    def measured(self) -> tuple[float, ...]:
        """Return the values without gaps; there is at least one."""
        return tuple(value for value in self.values if value is not None)

    @property
    def mean(self) -> float:
        """Return the mean of all steps."""
        return sum(self.measured) / len(self.measured)

    @property
    def maximum(self) -> float:
        """Return the highest value."""
        return max(self.measured)


@dataclass(frozen=True)
class FigurePage:
    """All rows, and the figures without any value."""

    window: TimeWindow
    rows: tuple[FigureRow, ...]
    missing: tuple[Figure, ...]


def columns_for(width: int) -> int:
    """Return how many steps fit in a terminal of `width` characters; for 0 (no terminal) the most."""
    if not width:
        return MOST_COLUMNS
    return min(max(width - _name_width(width) - NUMBERS, LEAST_COLUMNS), MOST_COLUMNS)


def _name_width(width: int) -> int:
    return min(MOST_NAME, max(width // 3, 6))


def window(now: float, hours: int, columns: int) -> TimeWindow:
    """Return the last hours until `now` (seconds since the epoch), in at most `columns` steps and one just begun."""
    span = hours * 3600
    step = max(INTERVAL_SECONDS, -(-span // columns))
    # As InfluxDB cuts time: at multiples of the step since the epoch.
    start = int(now - span) // step * step + step
    return TimeWindow(start, step, (int(now) - start) // step + 1, hours)


def query(cluster: Cluster, shown: TimeWindow) -> FigurePage:
    """Query InfluxDB as the reader. Raises ShoestringError if it does not run."""
    queries = (each.query(shown.start, shown.step, _column(number)) for number, each in enumerate(FIGURES))
    return assemble(FIGURES, influxdb.ask(cluster, "; ".join(queries)), shown, cluster.settings.project(""))


def _column(number: int) -> str:
    """Return the column name of a figure's values; nothing else in the answer identifies them."""
    return f"figure{number}"


def assemble(figures: Sequence[Figure], answer: Sequence[Series], shown: TimeWindow, own: str = "") -> FigurePage:
    """Assign the answer to figures. `own`, the prefix of this instance's containers, is removed. Pure."""
    rows, missing = [], []
    for number, figure in enumerate(figures):
        mine = [_row(figure, series, shown, own) for series in answer if series["columns"][1] == _column(number)]
        found = sorted((row for row in mine if row.measured), key=lambda row: row.name)
        rows += found
        if not found:
            missing.append(figure)
    return FigurePage(shown, tuple(rows), tuple(missing))


def _row(figure: Figure, series: Series, shown: TimeWindow, own: str) -> FigureRow:
    values: list[float | None] = [None] * shown.columns
    for moment, value, *_ in series["values"]:
        place = (int(moment) - shown.start) // shown.step
        if value is not None and 0 <= place < shown.columns:
            values[place] = float(value)
    recent = max(1, -(-NOW_SECONDS // shown.step)) + 1
    now = next((value for value in reversed(values[-recent:]) if value is not None), None)
    name = figure.name.format_map(series.get("tags", {})).removeprefix(own)
    return FigureRow(figure, name, tuple(values), now)


def lines(page: FigurePage, width: int) -> Iterator[str]:
    """Yield the lines for a terminal of `width` characters; for 0 (no terminal) only numbers."""
    groups = dict.fromkeys([*(row.figure.group for row in page.rows), *(each.group for each in page.missing)])
    order = [each for each in dict.fromkeys(figure.group for figure in FIGURES) if each in groups]
    by_group = {name: list(rows) for name, rows in groupby(page.rows, lambda row: row.figure.group)}
    step = page.window.step
    each = f", each block {_duration(step)}" if width else ""
    hours = "hour" if page.window.hours == 1 else f"{page.window.hours} hours"
    yield from _fit(f"  The last {hours}{each}. The numbers: now, {'maximum' if width else 'mean, maximum'}", width)
    for group in order:
        yield from ("", f"  {group}")
        yield from _group_lines(by_group.get(group, []), width)
        absent = dict.fromkeys(figure.measurement for figure in page.missing if figure.group == group)
        yield from (line for name in absent for line in _fit(f"    no data: {name}", width))


def _group_lines(rows: Sequence[FigureRow], width: int) -> Iterator[str]:
    longest = max((len(row.name) for row in rows), default=0)
    name_width = min(longest, _name_width(width)) if width else longest
    for row in rows:
        name, unit = clip(row.name, name_width).ljust(name_width), row.figure.unit
        now, maximum = amount(row.now, unit), amount(row.maximum, unit)
        if not width:
            yield f"    {name}  {now:>9} {amount(row.mean, unit):>9} {maximum:>9}"
            continue
        plot = f"  {blocks(row.values, row.figure.top)}"
        line = f"    {name}{plot}  {now:>9} {maximum:>9}"
        # Too narrow for all: the plot is left out first, then the highest value.
        narrow = (line, f"    {name}  {now:>9} {maximum:>9}", f"  {name}  {now}")
        yield next((each for each in narrow if len(each) <= width), clip(narrow[-1], width))


def _fit(text: str, width: int) -> Iterator[str]:
    yield clip(text, width) if width else text


def _duration(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
