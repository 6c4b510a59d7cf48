"""The plan of one application, and what its rollout prints."""

from __future__ import annotations

from installer.applications.trial import explain_failure, restricted
from runtime.base.errors import ShoestringError
from runtime.context.change import Outcome
from runtime.context.results import Code, Failure, Report
from runtime.docker.compose import ComposeError
from runtime.docker.observed import Observed
from runtime.reconcile.changes import CreateNetwork
from runtime.rollout.start_first import RolloutError
from tests.support.builders.deploys import WANTED
from tests.support.builders.runtime import plan_of


def test_restricted_plan_of_one_application() -> None:
    plan = restricted(plan_of(WANTED, Observed((), ()), ()), "blog")
    assert [(each.kind, each.name) for each in plan] == [
        ("create-network", "shoestring_main"),
        ("create-network", "shoestring_internal"),
        ("apply", "blog"),
    ]


def test_explain_failure_has_lines_of_rollout_error() -> None:
    change = CreateNetwork("blog")
    rollout = RolloutError("blog", "exited with code 2 after 3.1 s", ("Error: no", "", "  | end"))
    report = Report(
        (Outcome(change, 1.0, failure=rollout),),
        failures=(Failure(Code.NOT_REACHED, "blog", "It is not reached.", "See: shoestring status"),),
    )
    summary = str(rollout).splitlines()[0]
    assert explain_failure(report, "blog") == (
        f"{summary}\nIt is not reached. See: shoestring status",
        ("Error: no", "", "  | end"),
    )


def test_explain_failure_leaves_out_other_applications() -> None:
    change = CreateNetwork("shop")
    report = Report(
        (Outcome(change, 1.0, failure=ShoestringError("a\nb")),),
        failures=(Failure(Code.NOT_RUNNING, "shop", "It is down."),),
    )
    assert explain_failure(report, "blog") == ("", ())
    assert explain_failure(report, "shop") == ("a\nb\nIt is down.", ())


def test_explain_failure_has_output_of_compose() -> None:
    error = ComposeError(("    | a", "b"))
    report = Report((Outcome(CreateNetwork("blog"), 1.0, failure=error),))
    assert explain_failure(report, "blog") == ("Compose failed: b\n    | a", ())
