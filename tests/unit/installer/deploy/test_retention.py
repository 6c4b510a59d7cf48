"""Which images stay after a deploy."""

from __future__ import annotations

from installer.deploy.retention import outdated, recent
from tests.support.builders.deploys import deployed, history, rolled_back


def test_the_last_three_images_stay() -> None:
    past = history("a:0", deployed("a:1"), deployed("a:2"), deployed("a:3"), deployed("a:4"))
    assert recent(past) == ("a:4", "a:3", "a:2")
    assert outdated(past) == ("a:1",), "what a person wrote into the file is theirs"


def test_an_image_that_is_in_use_again_counts_from_then() -> None:
    past = history("a:0", deployed("a:1"), deployed("a:2"), deployed("a:3"), rolled_back("a:1"), deployed("a:4"))
    assert recent(past) == ("a:4", "a:1", "a:3")
    assert outdated(past) == ("a:2",)


def test_two_names_of_one_image_and_images_of_shoestring() -> None:
    past = history(deployed("docker.io/library/a:1"), deployed("a:2"), deployed("a:3"), deployed("a:1"))
    assert outdated(past) == ()
    past = history(deployed("busybox:1.37"), deployed("a:2"), deployed("a:3"), deployed("a:4"))
    assert outdated(past) == ()
