"""The images that are kept after a deploy."""

from __future__ import annotations

from installer.deploy.retention import outdated, recent
from tests.support.builders.deploys import deployed, history, rolled_back


def test_outdated_keeps_last_three_images() -> None:
    past = history("a:0", deployed("a:1"), deployed("a:2"), deployed("a:3"), deployed("a:4"))
    assert recent(past) == ("a:4", "a:3", "a:2")
    assert outdated(past) == ("a:1",), "images that the user wrote into the file are kept"


def test_recent_counts_from_last_use() -> None:
    past = history("a:0", deployed("a:1"), deployed("a:2"), deployed("a:3"), rolled_back("a:1"), deployed("a:4"))
    assert recent(past) == ("a:4", "a:1", "a:3")
    assert outdated(past) == ("a:2",)


def test_outdated_ignores_aliases_and_catalogue_images() -> None:
    past = history(deployed("docker.io/library/a:1"), deployed("a:2"), deployed("a:3"), deployed("a:1"))
    assert outdated(past) == ()
    past = history(deployed("busybox:1.37"), deployed("a:2"), deployed("a:3"), deployed("a:4"))
    assert outdated(past) == ()
