from __future__ import annotations

import json
from pathlib import Path

from runtime.docker.observed import Observed, parse_bridges, parse_containers, parse_networks

RECORDED = Path(__file__).parents[1] / "recorded"


def test_parse_containers_recorded() -> None:
    """Parse what Docker Engine 20.10 answered for a healthy, a starting, an exited and a created container."""
    containers = parse_containers(json.loads((RECORDED / "containers.json").read_text()))
    assert [(each.name, each.service, each.state, each.health, each.exit_code) for each in containers] == [
        ("t-a-application-1", "application", "running", "healthy", None),
        ("t-a-slow-1", "slow", "running", "starting", None),
        ("t-a-task-1", "task", "exited", "", 3),
        ("t-a-waiting-1", "waiting", "created", "", None),
    ]
    first = containers[0]
    assert (first.project, first.application, first.side, first.definition) == ("t-a", "a", "public", "d1")
    assert first.image == "probe:1"
    assert first.running
    assert not containers[2].running


def test_observed_applications_of_instance() -> None:
    containers = parse_containers(json.loads((RECORDED / "containers.json").read_text()))
    assert Observed(containers, ()).applications == ("a",)
    assert len(Observed(containers, ()).of("a")) == 4
    assert Observed(containers, ()).of("core") == ()


def test_parse_bridges_names() -> None:
    listed = json.loads((RECORDED / "networks.json").read_text())
    named = {"Id": "1", "Options": {"com.docker.network.bridge.name": "app0"}}
    default = {next(each["Id"] for each in listed if each["Name"] == "bridge"): "docker0"}
    assert parse_bridges(listed) == default
    assert parse_bridges([*listed, named, {"Id": "2", "Options": None}]) == {**default, "1": "app0"}


def test_parse_networks_recorded() -> None:
    networks = parse_networks(json.loads((RECORDED / "networks.json").read_text()))
    assert {(each.name, each.instance) for each in networks} == {("bridge", ""), ("host", ""), ("t-main", "t")}


def test_parse_containers_with_missing_fields() -> None:
    (container,) = parse_containers([{"Id": "abc", "Names": None, "Labels": None}])
    assert (container.name, container.state, container.application) == ("abc", "", "")
