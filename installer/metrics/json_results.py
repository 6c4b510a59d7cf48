"""The JSON answers of `shoestring metrics`. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from installer.metrics.figures import FigureUnit
from installer.metrics.influxdb import Retention
from installer.metrics.page import FigurePage, FigureRow


@dataclass(frozen=True)
class RowEntry:
    """One thing that is measured."""

    group: str
    name: str
    unit: FigureUnit
    now: Annotated[float | None, "the last value; null if it is no longer measured"]
    mean: Annotated[float, "of all steps"]
    maximum: Annotated[float, "of all steps"]
    values: Annotated[tuple[float | None, ...], "one for each step, null where there is no data"]

    @classmethod
    def of(cls, row: FigureRow) -> RowEntry:
        """Return the entry of a row."""
        figure = row.figure
        return cls(figure.group, row.name, figure.unit, row.now, row.mean, row.maximum, row.values)


@dataclass(frozen=True)
class MissingEntry:
    """A figure without data."""

    group: str
    measurement: str


@dataclass(frozen=True)
class MetricsJson:
    """The metrics of the last hours."""

    start: Annotated[int, "seconds since 1970"]
    step: Annotated[int, "seconds"]
    columns: Annotated[int, "number of steps"]
    rows: tuple[RowEntry, ...]
    missing: Annotated[tuple[MissingEntry, ...], "the figures without data"]

    @classmethod
    def of(cls, page: FigurePage) -> MetricsJson:
        """Return the result of `metrics`."""
        shown = page.window
        missing = tuple(MissingEntry(each.group, each.measurement) for each in page.missing)
        return cls(shown.start, shown.step, shown.columns, tuple(map(RowEntry.of, page.rows)), missing)


@dataclass(frozen=True)
class RetentionJson:
    """How long measurements are kept."""

    days: Annotated[int, "days that points are kept; 0: forever"]
    hourly_days: Annotated[int, "days that hourly means are kept; 0: forever"]

    @classmethod
    def of(cls, kept: Retention) -> RetentionJson:
        """Return the result of `metrics retention`."""
        return cls(kept.days, kept.hourly_days)


@dataclass(frozen=True)
class RetentionChangeJson(RetentionJson):
    """How long measurements are kept after a change. With `--dry-run`, `days` is as `before`."""

    before: Annotated[int, "days that points were kept; 0: forever"]
    wanted: Annotated[int, "the days that were given; 0: forever"]

    @classmethod
    def of_change(cls, before: Retention, wanted: int, after: Retention) -> RetentionChangeJson:
        """Return the result of `metrics retention DAYS`."""
        return cls(after.days, after.hourly_days, before.days, wanted)
