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
from installer.host.report import memory_lines
from installer.host.results import MemoryResult
from runtime.base.constants import MEGABYTE
from runtime.base.errors import ShoestringError
from runtime.output.encoder import result_json

RECORDED = Path(__file__).parent / "recorded"
HOST = HostMemory(
    total=957 * MEGABYTE,
    available=353 * MEGABYTE,
    containers=(
        MemoryUse("shop-application-1", 201 * MEGABYTE),
        MemoryUse("haproxy-public", 11 * MEGABYTE, 192 * MEGABYTE, True),
    ),
    docker=(MemoryUse("dockerd", 92 * MEGABYTE),),
)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_container_counts_without_the_cache_that_is_given_back(version: str) -> None:
    stats = json.loads((RECORDED / f"stats-cgroup-{version}.json").read_text())
    use = parse_stats("a", True, stats, 957 * MEGABYTE)
    assert use == MemoryUse("a", {"v1": 1_642_496 - 507_904, "v2": 372_736 - 12_288}[version], 32 * MEGABYTE, True)


def test_a_limit_of_all_memory_is_none() -> None:
    assert parse_stats("a", False, {"memory_stats": {"usage": 5, "limit": 1000}}, 1000).limit == 0


def test_a_container_that_just_ended_uses_nothing() -> None:
    assert parse_stats("a", False, {"memory_stats": {}}, 1000) == MemoryUse("a", 0)


def test_processes_of_docker_are_added_up() -> None:
    found = docker_processes([("dockerd", 90), ("containerd-shim", 5), ("containerd-shim", 4), ("bash", 7)])
    assert found == (MemoryUse("dockerd", 90), MemoryUse("shims, one a container", 9))


def test_pss() -> None:
    assert (
        parse_pss("55d0-7ffd ---p 0 00:00 0 [rollup]\nRss:  90472 kB\nPss:  88284 kB\nPss_Dirty: 1 kB\n")
        == 88284 * 1024
    )
    assert parse_pss("") == 0


def test_the_rest_is_never_less_than_nothing() -> None:
    assert HOST.rest == (957 - 353 - 201 - 11 - 92) * MEGABYTE
    assert HostMemory(100, 90, containers=(MemoryUse("a", 50),)).rest == 0


def test_lines() -> None:
    assert memory_lines(HOST) == [
        "  PART                     USED   LIMIT",
        "  shop-application-1     201 MB    none",
        "  haproxy-public          11 MB  192 MB",
        "  dockerd                 92 MB",
        "  the rest of this host  300 MB",
        "",
        "  604 MB of 957 MB used, 353 MB available, no swap",
    ]
    assert json.loads(result_json(MemoryResult.of(HOST)))["rest"] == 300 * MEGABYTE


def test_a_service_fits_if_the_reserve_stays() -> None:
    assert problem("Grafana", HOST.available - RESERVE, HOST) == ""
    must_fit("Grafana", HOST.available - RESERVE, HOST)


def test_a_service_that_does_not_fit_is_refused_with_the_figures() -> None:
    with pytest.raises(ShoestringError) as caught:
        must_fit("Grafana", 300 * MEGABYTE, HOST)
    assert str(caught.value) == (
        "Grafana needs 300 MB; 353 MB of 957 MB are left, of which 64 MB must stay free. "
        "Show the memory use with: shoestring memory. To add it anyway: --force."
    )
    must_fit("Grafana", 300 * MEGABYTE, HOST, force=True)


class EngineWhoseContainersEnd:
    """As Docker answers for containers that end while they are asked for: not found, or a body with nothing in it."""

    def __init__(self) -> None:
        self.api = self

    def info(self) -> dict[str, int]:
        return {"MemTotal": 1 << 30}

    def containers(self) -> list[dict[str, object]]:
        return [{"Id": each, "Names": [f"/{each}"], "Labels": {}} for each in ("gone", "ending", "there")]

    def stats(self, container: str, *, stream: bool, one_shot: bool) -> object:
        assert (stream, one_shot) == (False, True)
        if container == "gone":
            raise NotFound("no such container")
        return json.loads({"ending": "", "there": '{"memory_stats": {"usage": 5}}'}[container])


def test_with_a_fake_engine_a_container_that_ends_meanwhile_uses_nothing() -> None:
    found = observe(cast(DockerClient, EngineWhoseContainersEnd())).containers
    assert [(each.name, each.used) for each in found] == [("there", 5)]
