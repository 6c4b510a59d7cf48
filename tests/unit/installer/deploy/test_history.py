"""Deployments, from git's log of an application's file."""

from __future__ import annotations

import datetime

import pytest

from installer.deploy.history import Commit, DeploymentKind, before, deployments, image_in, parse_log
from tests.support.builders.deploys import deployed, history, rolled_back

# git 2.39: log --format="%H %ct %s" --diff-filter=AMT --no-renames -- applications-public/blog.yaml
LOG = """\
6dd6dbe9b1b2b4b7b0a5a3c3c2a6d7d2c1a1b1c9 1795357112 rollback blog: ghost:6 -> ghost:5
f5e7174177c4ab9aa0b9d8caff0bba98137266d2 1795357054 deploy blog: ghost:5 -> ghost:6
2931858f0aa1d5b1c3f2e6b7a8c9d0e1f2a3b4c5 1795350000\x20
"""


def test_parse_log_oldest_first() -> None:
    commits = parse_log(LOG)
    assert [each.subject for each in commits] == [
        "",
        "deploy blog: ghost:5 -> ghost:6",
        "rollback blog: ghost:6 -> ghost:5",
    ]
    assert commits[1].id == "f5e7174177c4ab9aa0b9d8caff0bba98137266d2"
    assert commits[1].when == datetime.datetime.fromtimestamp(1795357054, datetime.UTC)
    assert parse_log("") == ()


def test_deployments_of_each_image_change() -> None:
    found = history("a:1", "a:1", deployed("a:2"), "! broken: [", "a:2", "a:3", rolled_back("a:2"))
    assert [(each.number, each.image, each.kind) for each in found] == [
        (1, "a:1", DeploymentKind.EDIT),
        (2, "a:2", DeploymentKind.DEPLOY),
        (3, "a:3", DeploymentKind.EDIT),
        (4, "a:2", DeploymentKind.ROLLBACK),
    ]


def test_deployments_kind_by_commit_message() -> None:
    when = datetime.datetime.fromtimestamp(0, datetime.UTC)
    for subject in ("deploy shop: a:1 -> a:2", "deploy blog: a:1 -> a:3", "deployed blog: a:1 -> a:2"):
        text = "services: {application: {image: a:2}}"
        (found,) = deployments("blog", "application", [(Commit("1", when, subject), text)])
        assert found.kind is DeploymentKind.EDIT


@pytest.mark.parametrize(
    "text", ["", "[]", "services: 1", "services: {application: }", "a: [", "\0", "services: {b: {}}"]
)
def test_image_in_invalid_file(text: str) -> None:
    assert image_in(text, "application") == ""


@pytest.mark.parametrize(
    ("steps", "image"),
    [
        ((), None),
        (("a:1",), None),
        (("a:1", deployed("a:2")), "a:1"),
        (("a:1", deployed("a:2"), deployed("a:3"), rolled_back("a:2")), "a:1"),
        (("a:1", deployed("a:2"), deployed("a:3"), rolled_back("a:2"), rolled_back("a:1")), None),
        (("a:1", deployed("a:2"), rolled_back("a:1"), deployed("a:3")), "a:1"),
        (("a:1", deployed("a:2"), rolled_back("a:1"), deployed("a:3"), rolled_back("a:1"), deployed("a:4")), "a:1"),
        (("a:1", "a:2", deployed("a:1")), "a:2"),
        (("a:1", deployed("a:2"), deployed("a:3"), rolled_back("a:1"), deployed("a:3")), "a:1"),
    ],
)
def test_before_gives_previous_version(
    steps: tuple[tuple[DeploymentKind, str] | str, ...], image: str | None
) -> None:
    past = history(*steps)
    present = past[-1].image if past else "a:9"
    found = before(past, present)
    assert (found.image if found else None) == image


def test_before_uncommitted_image() -> None:
    found = before(history("a:1", deployed("a:2")), "a:3")
    assert found
    assert found.image == "a:2"
