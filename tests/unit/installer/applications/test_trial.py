"""The plan of one application, and what its rollout prints."""

from __future__ import annotations

from installer.applications.trial import restricted, split_lines
from runtime.docker.observed import Observed
from runtime.rollout.start_first import RolloutError
from tests.support.builders.deploys import WANTED
from tests.support.builders.runtime import plan_of


def test_the_plan_is_that_of_one_application() -> None:
    plan = restricted(plan_of(WANTED, Observed((), ()), ()), "blog")
    assert [(each.kind, each.name) for each in plan] == [
        ("create-network", "shoestring_main"),
        ("create-network", "shoestring_internal"),
        ("apply", "blog"),
    ]


def test_the_lines_of_a_container_are_taken_out_of_a_rollouts_error() -> None:
    error = RolloutError("blog", "exited with code 2 after 3.1 s", ("Error: no", "", "  | end"))
    said, lines = split_lines(str(error))
    assert said == "The new version exited with code 2 after 3.1 s; the old one keeps running."
    assert lines == ("Error: no", "", "  | end")
    assert split_lines("a\nb") == ("a\nb", ())
