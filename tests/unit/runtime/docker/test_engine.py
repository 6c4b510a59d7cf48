from __future__ import annotations

from typing import Any

import pytest

from runtime.docker.engine import DEFAULT_STOP_SECONDS, stop_seconds


@pytest.mark.parametrize(
    ("inspected", "expected"),
    [
        ({"Config": {"StopTimeout": 0}}, 0),
        ({"Config": {"StopTimeout": 45}}, 45),
        ({"Config": {"StopTimeout": None}}, DEFAULT_STOP_SECONDS),
        ({"Config": {}}, DEFAULT_STOP_SECONDS),
        ({}, DEFAULT_STOP_SECONDS),
    ],
)
def test_stop_seconds_keeps_zero(inspected: dict[str, Any], expected: int) -> None:
    assert stop_seconds(inspected) == expected
