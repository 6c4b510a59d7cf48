"""Dashboards match the types that Grafana publishes for its version."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.services import grafana_files
from tests.support.services.grafana_types import problems

if TYPE_CHECKING:
    from docker import DockerClient

BOARDS = grafana_files.dashboards()


def test_dashboards_match_grafana_types(client: DockerClient, tmp_path: Path) -> None:
    assert problems(client, BOARDS, tmp_path) == ""


def wrong(change: str) -> dict[str, Any]:
    """Return a dashboard with one kind of mistake."""
    board = copy.deepcopy(BOARDS["host"])
    panel = board["panels"][0]
    match change:
        case "a key of the dashboard":
            board["refreshes"] = "1m"
        case "a key of a panel":
            panel["titel"] = "x"  # codespell:ignore titel
        case "a word of a choice":
            panel["fieldConfig"]["defaults"]["thresholds"]["mode"] = "relative"
        case "an option of a kind of panel":
            panel["options"]["graphMode"] = "curve"
        case "a number":
            board["templating"]["list"][0]["refresh"] = 7
        case _:
            board["panels"][4]["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] = "high"
    return board


CHANGES = (
    *("a key of the dashboard", "a key of a panel", "a word of a choice", "an option of a kind of panel"),
    *("a number", "an option of a field"),
)


def test_type_check_finds_mistakes(client: DockerClient, tmp_path: Path) -> None:
    boards = {change.replace(" ", "-"): wrong(change) for change in CHANGES}
    said = problems(client, boards, tmp_path)
    assert [name for name in boards if f"{name}.ts(" not in said] == []
