from __future__ import annotations

from typing import Any, cast

import pytest

from runtime.context.change import ApplyContext
from runtime.context.cluster import Cluster
from runtime.reconcile.changes import RestartContainer
from tests.support.builders.runtime import application, desired, running, web


class Engine:
    """Answers like Docker's SDK, and records the timeout of each restart."""

    def __init__(self, stop_timeout: int | None) -> None:
        self.api = self
        self.client = self
        self.timeouts: list[int] = []
        self._stop_timeout = stop_timeout

    def inspect_container(self, _container: str) -> dict[str, Any]:
        return {"Config": {"StopTimeout": self._stop_timeout}}

    def restart(self, _container: str, timeout: int) -> None:
        self.timeouts.append(timeout)


@pytest.mark.parametrize(("stop_timeout", "expected"), [(0, 0), (45, 45), (None, 10)])
def test_restart_container_keeps_zero_timeout(stop_timeout: int | None, expected: int) -> None:
    project = desired(application("a", web("a.com"))).projects[0]
    engine = Engine(stop_timeout)
    RestartContainer(project, running(project)[0], "is unhealthy").apply(ApplyContext(cast(Cluster, engine)))
    assert engine.timeouts == [expected]
