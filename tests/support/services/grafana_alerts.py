"""When our alert rules fire: a fake of Grafana's evaluation, because Grafana itself is not available here.

As `resultAlerting`, `resultNormal` and `resultNoData` in its pkg/services/ngalert/state/state.go do it for one
series: what is over the limit is pending, and fires once it has been so, at every evaluation, for the rule's
`for`. Nothing measured is what the rule's `noDataState` says. Only the forms of query that our rules have are known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.services import grafana_files

QUERY = re.compile(
    r'SELECT (?P<function>\w+)\("\w+"\) FROM "\w+" WHERE time > now\(\) - (?P<span>\w+)( GROUP BY .*)?'
)
UNITS = {"s": 1, "m": 60, "h": 3600}
# The group's `interval`.
STEP_SECONDS = 60


@dataclass(frozen=True)
class Rule:
    """The parts of a rule that decide when it fires. `span` is the query's time, `lasting` the `for`, in seconds."""

    function: str
    evaluator: str
    limit: float
    span: int
    lasting: int
    no_data: bool

    def fires_at(self, points: Mapping[float, float], until: float, first: float = 0.0) -> float | None:
        """Return when it first fires, None if never. Points are by their seconds; it is evaluated from `first` on."""
        pending: float | None = None
        now = first
        while now <= until:
            window = [points[each] for each in sorted(points) if now - self.span < each <= now]
            if not (self._is_bad(window) if window else self.no_data):
                pending = None
            elif pending is None:
                pending = now
            if pending is not None and now - pending >= self.lasting:
                return now
            now += STEP_SECONDS
        return None

    def _is_bad(self, window: Sequence[float]) -> bool:
        match self.function:
            case "last":
                value = window[-1]
            case "spread":
                value = max(window) - min(window)
            case other:
                raise AssertionError(other)
        return value > self.limit if self.evaluator == "gt" else value < self.limit


def rules() -> dict[str, Rule]:
    """Return the rules by their uids without our name."""
    (group,) = grafana_files.provisioning("alerting/rules.yaml")["groups"]
    assert _seconds(group["interval"]) == STEP_SECONDS
    return {each["uid"].removeprefix("shoestring-"): _rule(each) for each in group["rules"]}


def _rule(rule: Mapping[str, Any]) -> Rule:
    query, reduced, threshold = (each["model"] for each in rule["data"])
    found = QUERY.fullmatch(query["query"])
    assert found, query["query"]
    # The query gives one point a series, so that the last is the only one.
    assert (reduced["type"], reduced["reducer"], threshold["type"]) == ("reduce", "last", "threshold")
    (condition,) = threshold["conditions"]
    (limit,) = condition["evaluator"]["params"]
    return Rule(
        found["function"],
        condition["evaluator"]["type"],
        limit,
        _seconds(found["span"]),
        _seconds(rule["for"]),
        rule["noDataState"] == "Alerting",
    )


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * UNITS[duration[-1]]
