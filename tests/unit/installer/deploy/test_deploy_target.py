"""What a deploy is about, what a rollback goes to, and what both answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from installer.applications.target import Target, find
from installer.applications.trial import Trial, restricted, split_lines
from installer.deploy import report, rollback
from installer.deploy.history import Deployment, Kind
from installer.deploy.job import Job
from installer.deploy.run import Deployed, Preview
from installer.images.refresh import Fetched
from runtime.base.errors import ShoestringError, UsageError
from runtime.config.applications import Order
from runtime.docker.observed import Observed
from runtime.reconcile.plan import plan_start
from runtime.rollout.start_first import RolloutError, Step
from tests.support.builders.runtime import PATHS, application, broken, desired, web

MORE = "  data:\n    image: data:1\n  built:\n    build: .\n"
WANTED = desired(
    application("blog", web("a.com", image="ghost:5", more=MORE)),
    application("job", "services: {only: {image: 'job:1'}}"),
    application("two", "services: {a: {image: a}, b: {image: b}}"),
    broken("bad", "services: 7\n"),
)


def job(image: str = "ghost:6") -> Job:
    return Job(find(WANTED, "blog"), image, Kind.DEPLOY, "shoestring deploy blog 6")


def test_the_service_is_application_or_the_only_one() -> None:
    assert (find(WANTED, "blog").service, find(WANTED, "blog").image) == ("application", "ghost:5")
    assert find(WANTED, "blog", "data").image == "data:1"
    assert find(WANTED, "job").service == "only"


def test_only_the_proxied_service_starts_beside_the_old_one() -> None:
    assert find(WANTED, "blog").order is Order.START_FIRST
    assert find(WANTED, "blog", "data").order is Order.STOP_FIRST


@pytest.mark.parametrize(
    ("name", "service", "kind", "says"),
    [
        ("blgo", "", UsageError, "There is no application blgo; did you mean blog?"),
        ("zzz", "", UsageError, "There is no application zzz. All of them: shoestring status"),
        ("blog", "dat", UsageError, "blog has no service dat. It has: application, data, built."),
        ("two", "", UsageError, "two has no service named application; name one with --service. It has: a, b."),
        ("blog", "built", UsageError, "The service built of blog has no image; it is built."),
        (
            "bad",
            "",
            ShoestringError,
            "bad.yaml is broken; nothing was changed. Mend it first:\n  bad.yaml:1 services",
        ),
    ],
)
def test_what_cannot_be_found(name: str, service: str, kind: type[ShoestringError], says: str) -> None:
    with pytest.raises(kind) as caught:
        find(WANTED, name, service)
    assert says in str(caught.value)
    assert type(caught.value) is kind


def test_the_plan_is_that_of_one_application() -> None:
    plan = restricted(plan_start(WANTED, Observed((), ()), ()), "blog")
    assert [(each.kind, each.name) for each in plan] == [
        ("create-network", "shoestring_main"),
        ("create-network", "shoestring_internal"),
        ("apply", "blog"),
    ]


def test_the_lines_of_a_container_are_taken_out_of_a_rollouts_error() -> None:
    error = RolloutError("blog", "exited with code 2 after 3.1 s", ("Error: no", "", "  | end"))
    said, lines = split_lines(str(error))
    assert said == "blog: the new version exited with code 2 after 3.1 s; the old one goes on."
    assert lines == ("Error: no", "", "  | end")
    assert split_lines("a\nb") == ("a\nb", ())


DONE = Deployed(job(), Fetched("ghost:6", True, 8.1), 16.44, True)
BAD = Deployed(job(), Fetched("ghost:6", True, 8.1), 16.44, True, "it is unhealthy", ("Error: no",))


def test_a_good_deploy_is_one_line() -> None:
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
    ("back", "says"),
    [
        (Trial(changed=False), "  blog still runs ghost:5; nothing was changed."),
        (Trial(changed=True), "  blog runs ghost:5 again; blog.yaml is as it was."),
        (
            Trial(changed=True, error="no disk"),
            "  blog.yaml goes back to ghost:5, which does not run either. See: shoestring status\n      no disk",
        ),
    ],
)
def test_a_bad_deploy_says_how_it_is_now(back: Trial, says: str) -> None:
    lines = report.deployed_lines(replace(BAD, back=back))
    assert lines == [
        "  ✗ blog does not run with ghost:6",
        "      it is unhealthy",
        "      | Error: no",
        says,
        "  Try again: shoestring deploy blog 6",
    ]
    # A step that failed has said why.
    told = report.deployed_lines(replace(BAD, back=back, steps=(Step("healthy", "exited", 1.0, ok=False),)))
    assert told == lines[2:]


def test_json() -> None:
    said = json.loads(report.deployed_json(replace(BAD, back=Trial(changed=False))))
    assert (said["version"], said["ok"], said["back"], said["error"]) == (1, False, True, "it is unhealthy")
    assert (said["previous_image"], said["image"], said["lines"]) == ("ghost:5", "ghost:6", ["Error: no"])
    seen = json.loads(report.preview_json(Preview(job(), present=False, plan=())))
    assert (seen["changed"], seen["present"], seen["order"]) == (True, False, "start-first")


def past(target: Target, *images: str) -> tuple[Deployment, ...]:
    when = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
    return tuple(Deployment(number, when, image, Kind.EDIT) for number, image in enumerate(images, 1))


def test_the_list_of_deployments() -> None:
    target = find(WANTED, "blog")
    lines = report.history_lines(past(target, "ghost:4", "ghost:5"), target)
    assert [line.split()[0] for line in lines] == ["*", "1"]
    assert lines[0].endswith("edit      ghost:5")
    uncommitted = report.history_lines(past(target, "ghost:4"), target)
    assert "not committed" in uncommitted[0]
    said = json.loads(report.history_json(past(target, "ghost:4", "ghost:5"), target))
    assert said["deployments"][0] == {
        "number": 2,
        "when": "2026-11-22T14:05:00Z",
        "image": "ghost:5",
        "kind": "edit",
        "current": True,
    }


def test_the_version_that_a_rollback_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    target = find(WANTED, "blog")
    monkeypatch.setattr("installer.deploy.history.read", lambda *_: past(target, "ghost:4", "ghost:5"))
    assert rollback.choose(PATHS, target, None).image == "ghost:4"
    assert rollback.choose(PATHS, target, 2).image == "ghost:5"
    with pytest.raises(UsageError, match="blog has no deployment 3; there is 1 to 2"):
        rollback.choose(PATHS, target, 3)
    monkeypatch.setattr("installer.deploy.history.read", lambda *_: ())
    with pytest.raises(UsageError, match="blog has no version before ghost:5"):
        rollback.choose(PATHS, target, None)
    with pytest.raises(UsageError, match="there is none yet"):
        rollback.choose(PATHS, target, 1)
