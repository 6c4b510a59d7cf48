from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from docker import DockerClient
from docker.errors import NotFound

from installer.host.memory import (
    RESERVE,
    HostMemory,
    MemoryUse,
    docker_processes,
    must_fit,
    observe,
    parse_pss,
    parse_stats,
    problem,
)
from runtime.base.constants import MEGABYTE
from runtime.base.errors import ShoestringError
from tests.support.builders.host_memory import HOST

RECORDED = Path(__file__).parent / "recorded"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_parse_stats_leaves_out_reclaimable_cache(version: str) -> None:
    stats = json.loads((RECORDED / f"stats-cgroup-{version}.json").read_text())
    use = parse_stats("a", True, stats, 957 * MEGABYTE)
    assert use == MemoryUse("a", {"v1": 1_642_496 - 507_904, "v2": 372_736 - 12_288}[version], 32 * MEGABYTE, True)


def test_parse_stats_limit_of_all_memory() -> None:
    assert parse_stats("a", False, {"memory_stats": {"usage": 5, "limit": 1000}}, 1000).limit == 0


def test_parse_stats_of_ended_container() -> None:
    assert parse_stats("a", False, {"memory_stats": {}}, 1000) == MemoryUse("a", 0)


def test_docker_processes_are_summed() -> None:
    found = docker_processes([("dockerd", 90), ("containerd-shim", 5), ("containerd-shim", 4), ("bash", 7)])
    assert found == (MemoryUse("dockerd", 90), MemoryUse("shims, one a container", 9))


def test_parse_pss() -> None:
    assert (
        parse_pss("55d0-7ffd ---p 0 00:00 0 [rollup]\nRss:  90472 kB\nPss:  88284 kB\nPss_Dirty: 1 kB\n")
        == 88284 * 1024
    )
    assert parse_pss("") == 0


def test_memory_rest_is_never_negative() -> None:
    assert HOST.rest == (957 - 353 - 201 - 11 - 92) * MEGABYTE
    assert HostMemory(100, 90, containers=(MemoryUse("a", 50),)).rest == 0


def test_must_fit_with_reserve() -> None:
    assert problem("Grafana", HOST.available - RESERVE, HOST) == ""
    must_fit("Grafana", HOST.available - RESERVE, HOST)


def test_must_fit_refuses_with_figures() -> None:
    with pytest.raises(ShoestringError) as caught:
        must_fit("Grafana", 300 * MEGABYTE, HOST)
    assert str(caught.value) == (
        "Grafana needs 300 MB; 353 MB of 957 MB are left, of which 64 MB must stay free. "
        "Show the memory use with: shoestring memory. To add it anyway: --force."
    )
    must_fit("Grafana", 300 * MEGABYTE, HOST, force=True)


class EngineWhoseContainersEnd:
    """Docker's answers for containers that end during the request: not found, or an empty body."""

    def __init__(self) -> None:
        self.api = self

    def info(self) -> dict[str, int]:
        return {"MemTotal": 1 << 30}

    def containers(self) -> list[dict[str, object]]:
        return [{"Id": each, "Names": [f"/{each}"], "Labels": {}} for each in ("removed", "ending", "there")]

    def stats(self, container: str, *, stream: bool, one_shot: bool) -> object:
        assert (stream, one_shot) == (False, True)
        if container == "removed":
            raise NotFound("no such container")
        return json.loads({"ending": "", "there": '{"memory_stats": {"usage": 5}}'}[container])


def test_observe_containers_that_end_meanwhile() -> None:
    found = observe(cast(DockerClient, EngineWhoseContainersEnd())).containers
    assert [(each.name, each.used) for each in found] == [("there", 5)]
