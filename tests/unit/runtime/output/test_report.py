from __future__ import annotations

import json
from pathlib import Path

from runtime.base.errors import Problem, ShoestringError
from runtime.context.change import Outcome
from runtime.context.results import Advisory, Code, Failure, Report
from runtime.output.encoder import result_json
from runtime.output.json_results import ChangesJson, ReportJson
from runtime.output.report import change_lines, outcome_line, report_lines
from runtime.reconcile.changes import CreateNetwork, RemoveProject

GOOD = Outcome(CreateNetwork("shoestring_main"), 0.12)
BAD = Outcome(RemoveProject("a", "shoestring-a", "stop"), 1.0, failure=ShoestringError("docker failed:\nwhy"))


def test_outcome_line() -> None:
    assert outcome_line(GOOD) == "  ✓ shoestring_main         network  0.1 s"
    assert outcome_line(BAD) == "  ✗ a                       stop\n      docker failed:\n      why"


def test_report_lines_and_ok() -> None:
    problem = Problem(Path("/srv/a.yaml"), "is wrong", "services", 3)
    report = Report(
        (GOOD, BAD),
        (problem,),
        (Advisory(Code.NOT_PROXIED, "c", "a note"),),
        (Failure(Code.NOT_RUNNING, "b", "web is exited"),),
    )
    assert report_lines(report, "all is well") == [
        "  a note",
        "  ✗ a.yaml:3 services: is wrong",
        "  ✗ b: web is exited",
        "  1 of 2 changes failed.",
    ]
    assert report_lines(Report(()), "all is well") == ["  Nothing to do: all is well."]
    assert Report((GOOD,)).ok
    assert not any(
        each.ok
        for each in (
            Report((BAD,)),
            Report((), (problem,)),
            Report((), failures=(Failure(Code.NOT_RUNNING, "x", "y"),)),
        )
    )


def test_report_json_has_all_fields() -> None:
    answer = json.loads(result_json(ReportJson.of(Report((GOOD, BAD)))))
    assert answer["version"] == 2
    assert answer["ok"] is False
    assert [change["ok"] for change in answer["changes"]] == [True, False]
    assert answer["changes"][0] | {"seconds": 0} == {
        "kind": "create-network",
        "name": "shoestring_main",
        "about": "network",
        "new": True,
        "ok": True,
        "detail": "",
        "error": "",
        "seconds": 0,
    }


def test_change_lines_of_dry_run() -> None:
    plan = (GOOD.change, BAD.change)
    assert change_lines(plan, "shoestring stop") == [
        "  + shoestring_main         network",
        "  - a                       stop",
        "  2 changes. Apply: shoestring stop",
    ]
    assert change_lines((), "x") == ["  Nothing to do."]
    assert [each.kind for each in ChangesJson.of(plan).changes] == [
        "create-network",
        "remove",
    ]
