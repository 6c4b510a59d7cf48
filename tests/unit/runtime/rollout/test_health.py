"""The health of new containers."""

from __future__ import annotations

from dataclasses import replace

from runtime.rollout.health import health_probe
from tests.support.builders.rollout import BACKEND, application


def test_health_probe_of_application() -> None:
    second = replace(BACKEND, name="a_9090", port=9090)
    assert health_probe(application(BACKEND, replace(second, health_check="/health"))) == "GET /health"
    assert health_probe(application(BACKEND, second)) == "port 8080, 9090"
    assert health_probe(application(replace(BACKEND, service="other"))) == "port "
    assert health_probe(application()) == "port 5432"
