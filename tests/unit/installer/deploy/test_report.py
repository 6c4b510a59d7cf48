"""The output of a deploy and of the list of deployments."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from installer.applications.target import find
from installer.applications.trial import ApplyAttempt
from installer.deploy import report
from installer.deploy.json_results import DeployJson, DeployPreviewJson, HistoryJson
from installer.deploy.run import DeployPreview, DeployResult
from installer.images.refresh import RefreshedImage
from runtime.context.change import Step
from runtime.output.encoder import result_json
from tests.support.builders.deploys import WANTED, job, past

DONE = DeployResult(job(), RefreshedImage("ghost:6", True, 8.1), 16.44, True)
BAD = DeployResult(job(), RefreshedImage("ghost:6", True, 8.1), 16.44, True, "it is unhealthy", ("Error: no",))


def test_deployed_lines_of_success() -> None:
    assert report.deployed_lines(DONE) == ["  ✓ blog runs ghost:6  16.4 s"]
    step = Step("healthy", "GET /", 1.0)
    rolled = replace(DONE, steps=(step,), removed=("ghost:2",), notes=("Not committed.",))
    assert report.deployed_lines(rolled) == [
        "    Not committed.",
        "  ✓ blog runs ghost:6  16.4 s, no request lost",
        "    removed old images: ghost:2",
    ]
    same = replace(DONE, job=job("ghost:5"), changed=False)
    assert report.deployed_lines(same) == ["  ✓ blog has ghost:5 already; nothing to do  16.4 s"]


@pytest.mark.parametrize(
    ("back", "state"),
    [
        (ApplyAttempt(changed=False), "  blog still runs ghost:5; nothing was changed."),
        (ApplyAttempt(changed=True), "  blog runs ghost:5 again; blog.yaml is as it was."),
        (
            ApplyAttempt(changed=True, error="no disk"),
            "  blog.yaml has ghost:5 again, which does not run either. See: shoestring status\n      no disk",
        ),
    ],
)
def test_deployed_lines_of_failure(back: ApplyAttempt, state: str) -> None:
    lines = report.deployed_lines(replace(BAD, back=back))
    assert lines == [
        "  ✗ blog does not run with ghost:6",
        "      it is unhealthy",
        "      | Error: no",
        state,
        "  Try again: shoestring deploy blog 6",
    ]
    # A failed step has already printed the reason.
    short = report.deployed_lines(replace(BAD, back=back, steps=(Step("healthy", "exited", 1.0, ok=False),)))
    assert short == lines[2:]


def test_deployed_and_preview_json() -> None:
    answer = json.loads(result_json(DeployJson.of(replace(BAD, back=ApplyAttempt(changed=False)))))
    assert (answer["version"], answer["ok"], answer["back"], answer["error"]) == (2, False, True, "it is unhealthy")
    assert (answer["previous_image"], answer["image"], answer["lines"]) == ("ghost:5", "ghost:6", ["Error: no"])
    preview = json.loads(result_json(DeployPreviewJson.of(DeployPreview(job(), present=False, plan=()))))
    assert (preview["changed"], preview["present"], preview["order"]) == (True, False, "start-first")


def test_history_lines_and_json() -> None:
    target = find(WANTED, "blog")
    lines = report.history_lines(past(target, "ghost:4", "ghost:5"), target)
    assert [line.split()[0] for line in lines] == ["*", "1"]
    assert lines[0].endswith("edit      ghost:5")
    uncommitted = report.history_lines(past(target, "ghost:4"), target)
    assert "not committed" in uncommitted[0]
    history = past(target, "ghost:4", "ghost:5")
    answer = json.loads(result_json(HistoryJson.of(history, target, report.current(history, target))))
    assert answer["deployments"][0] == {
        "number": 2,
        "when": "2026-11-22T14:05:00Z",
        "image": "ghost:5",
        "kind": "edit",
        "current": True,
    }
