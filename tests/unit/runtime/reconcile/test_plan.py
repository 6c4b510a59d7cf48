from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.context.change import Plan
from runtime.context.results import Code
from runtime.docker.observed import Network, Observed
from runtime.reconcile.changes import RemoveDuplicateNetworks
from runtime.reconcile.plan import blocked_removals, plan_stop
from runtime.rollout.apply_project import ApplyProject
from tests.support.builders.runtime import (
    application,
    broken,
    desired,
    observed_of,
    plan_of,
    proxy_change,
    running,
    web,
)

NOTHING = Observed((), ())
TASK = "services: {task: {image: t}}\n"


def shown(plan: Plan) -> list[tuple[str, str, str]]:
    return [(change.sign, change.name, change.about) for change in plan]


def test_plan_of_fresh_host() -> None:
    wanted = desired(application("a", web("a.com")))
    plan = plan_of(wanted, NOTHING, (proxy_change(Side.PUBLIC, "+1 host"),))
    assert shown(plan) == [
        ("+", "shoestring_main", "network"),
        ("+", "shoestring_internal", "network"),
        ("~", "proxy public", "+1 host"),
        ("+", "core", "new, haproxy:3.2-alpine"),
        ("+", "a", "new, public, web:1"),
    ]


def test_plan_is_empty_if_nothing_changed() -> None:
    wanted = desired(application("a", web("a.com")))
    assert plan_of(wanted, observed_of(wanted), ()) == ()


def test_plan_changes_running_proxy_after_application() -> None:
    before, after = desired(), desired(application("a", web("a.com")))
    plan = plan_of(after, observed_of(before), (proxy_change(Side.PUBLIC, "+1 host"),))
    assert shown(plan) == [("+", "a", "new, public, web:1"), ("~", "proxy public", "+1 host")]


def test_plan_changed_image() -> None:
    before = desired(application("a", web("a.com")), application("b", web("b.com")))
    after = desired(application("a", web("a.com", image="web:2")), application("b", web("b.com")))
    assert shown(plan_of(after, observed_of(before), ())) == [("~", "a", "image web:1 → web:2")]


@pytest.mark.parametrize(
    ("edit", "about"),
    [
        ("    environment: {A: 1}\n", "application changed"),
        ("  second:\n    image: s\n", "second missing"),
        ("    scale: 2\n", "application 1 of 2; application changed"),
        ("# a comment\n", None),
        ("x-note: mine\n", None),
        ("x-health-check: /health\n", None),
    ],
)
def test_plan_applies_only_changes_of_containers(edit: str, about: str | None) -> None:
    before = desired(application("a", web("a.com")))
    after = desired(application("a", web("a.com", more=edit)))
    expected = [("~", "a", about)] if about else []
    assert shown(plan_of(after, observed_of(before), ())) == expected


def test_plan_names_services_that_are_recreated_with_another() -> None:
    more = """\
  sidecar: {image: s, network_mode: "service:application"}
  second: {image: s, pid: "service:sidecar"}
  data: {image: d}
  after: {image: s, depends_on: [application]}
"""
    before = desired(application("a", web("a.com", more=more)))
    after = desired(application("a", web("a.com", image="web:2", more=more)))
    (change,) = plan_of(after, observed_of(before), ())
    assert isinstance(change, ApplyProject)
    assert change.about == "image web:1 → web:2; sidecar re-created with it; second re-created with it"
    assert (change.services, change.followers) == (("application",), ("sidecar", "second"))


def test_plan_ignores_order_of_keys() -> None:
    one = "x-external-host-names: [a.com]\nservices:\n  application: {image: a, environment: {A: 1, B: 2}}\n"
    two = "services:\n  application: {environment: {B: 2, A: 1}, image: a}\nx-external-host-names: [a.com]\n"
    assert plan_of(desired(application("a", two)), observed_of(desired(application("a", one))), ()) == ()


@pytest.mark.parametrize("state", ["exited", "created", "dead", "paused", "restarting"])
def test_plan_container_not_running(state: str) -> None:
    wanted = desired(application("a", web("a.com")))
    core = observed_of(desired())
    seen = Observed((*core.containers, *running(wanted.projects[0], state=state, exit_code=0)), core.networks)
    assert shown(plan_of(wanted, seen, ())) == [("~", "a", f"application {state}")]


@pytest.mark.parametrize(("code", "restart", "again"), [(0, "no", False), (1, "no", True), (0, "always", True)])
def test_plan_restarts_task_only_after_failure(code: int, restart: str, again: bool) -> None:
    wanted = desired(application("t", f"services: {{task: {{image: t, restart: '{restart}'}}}}\n"))
    core = observed_of(desired())
    seen = Observed((*core.containers, *running(wanted.projects[0], state="exited", exit_code=code)), core.networks)
    assert bool(plan_of(wanted, seen, ())) is again


def test_plan_removed_file() -> None:
    before = desired(application("a", web("a.com")), application("b", web("b.com")))
    after = desired(application("a", web("a.com")))
    assert shown(plan_of(after, observed_of(before), ())) == [("-", "b", "file removed; its containers are removed")]


def test_plan_removes_last_file_of_side() -> None:
    seen = observed_of(desired(application("a", web("a.com"))))
    assert shown(plan_of(desired(), seen, ())) == [("-", "a", "file removed; its containers are removed")]
    assert blocked_removals(desired(), seen) == ()


def test_blocked_removals_all_files_of_side() -> None:
    seen = observed_of(desired(application("a", web("a.com")), application("b", web("b.com"))))
    assert plan_of(desired(), seen, ()) == ()
    (blocked,) = blocked_removals(desired(), seen)
    assert (blocked.code, blocked.subject) == (Code.ALL_FILES_REMOVED, "public")
    assert "while a, b run" in blocked.message


def test_plan_broken_file_keeps_containers() -> None:
    before = desired(application("a", web("a.com")), application("b", web("b.com")))
    after = desired(broken("a", "services: []\n"), application("b", web("b.com")))
    assert plan_of(after, observed_of(before), ()) == ()


def test_plan_side_switched_off() -> None:
    before = desired(application("a", web("a.com")), application("b", TASK, Side.INTERNAL))
    after = desired(application("a", web("a.com")), settings_text="internal: off\n")
    assert shown(plan_of(after, observed_of(before), ())) == [
        ("~", "core", "haproxy-internal removed"),
        ("-", "b", "the internal side is off"),
    ]


def test_plan_refuses_network_of_others() -> None:
    seen = Observed((), (Network("1", "shoestring_main", ""),))
    with pytest.raises(ShoestringError, match="shoestring_main exists and is not Shoestring's"):
        plan_of(desired(), seen, ())


def test_plan_stop_order() -> None:
    wanted = desired(application("a", web("a.com")), application("b", web("b.com")))
    seen = observed_of(wanted)
    seen = replace(seen, networks=(*seen.networks, Network("9", "bridge", ""), Network("8", "other_main", "other")))
    assert [(change.kind, change.name) for change in plan_stop(seen, "shoestring")] == [
        ("remove", "a"),
        ("remove", "b"),
        ("remove", "core"),
        ("remove-network", "shoestring_main"),
        ("remove-network", "shoestring_internal"),
    ]
    left = Network("7", "shoestring_x_default", "", "shoestring_x")
    others = (Network("9", "bridge", ""), Network("6", "other_x_default", "", "other_x"))
    assert [change.name for change in plan_stop(Observed((), (left, *others)), "shoestring")] == [left.name]


def test_plan_recreates_proxy_that_lost_its_files() -> None:
    wanted = desired()
    plan = plan_of(wanted, observed_of(wanted), (proxy_change(Side.PUBLIC, "new", lost=True),))
    assert shown(plan) == [
        ("~", "proxy public", "new"),
        ("~", "core", "haproxy-public: its bind-mounted directory was deleted"),
    ]
    assert isinstance(plan[1], ApplyProject)
    assert plan[1].recreate == ("haproxy-public",)


def test_plan_ignores_services_with_profiles() -> None:
    wanted = desired(application("a", "services: {tool: {image: t, profiles: [manual]}}\n"))
    assert [
        change for change in plan_of(wanted, observed_of(desired()), ()) if isinstance(change, ApplyProject)
    ] == []


def test_plan_networks_duplicates() -> None:
    wanted = desired()
    seen = observed_of(wanted)
    seen = replace(seen, networks=(*seen.networks, Network("9", "shoestring_main", "shoestring")))
    (change,) = plan_of(wanted, seen, ())
    assert change == RemoveDuplicateNetworks("shoestring_main")
    assert change.is_fatal
