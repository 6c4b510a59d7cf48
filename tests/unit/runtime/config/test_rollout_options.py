from __future__ import annotations

from typing import Any

import pytest

from runtime.config.applications import Order, Rollout
from runtime.config.rollout_options import default_order, read, seconds
from tests.support.builders.runtime import application, broken, web


@pytest.mark.parametrize(
    ("service", "order"),
    [
        ({}, Order.START_FIRST),
        ({"volumes": ["./conf:/etc/app:ro", "data:/cache:ro,z", "/scratch"]}, Order.START_FIRST),
        ({"volumes": [{"type": "bind", "source": "a", "target": "/a", "read_only": True}]}, Order.START_FIRST),
        ({"volumes": [{"type": "tmpfs", "target": "/a"}]}, Order.START_FIRST),
        ({"volumes": ["data:/var/lib/app"]}, Order.STOP_FIRST),
        ({"volumes": ["data:/var/lib/app:rw"]}, Order.STOP_FIRST),
        ({"volumes": [{"type": "volume", "source": "a", "target": "/a"}]}, Order.STOP_FIRST),
        ({"volumes": "${EVERYTHING}"}, Order.STOP_FIRST),
        ({"volumes_from": ["other"]}, Order.STOP_FIRST),
        ({"container_name": "mine"}, Order.STOP_FIRST),
        ({"ports": ["9999:80"]}, Order.STOP_FIRST),
        ({"network_mode": "host"}, Order.STOP_FIRST),
        (None, Order.STOP_FIRST),
    ],
)
def test_default_order_never_has_two_writers(service: dict[str, Any] | None, order: Order) -> None:
    assert default_order(service) is order


def test_read_short_and_long_form() -> None:
    assert read("stop-first", {}) == Rollout(Order.STOP_FIRST, is_order_given=True)
    long = {"order": "start-first", "health_timeout": "2m", "drain_timeout": 5, "watch_time": "1s"}
    assert read(long, None) == Rollout(Order.START_FIRST, 120.0, 5.0, 1.0, is_order_given=True)
    assert read({"health_timeout": "90s"}, {}) == Rollout(Order.START_FIRST, 90.0)
    assert application("a", web("a.com")).rollout == Rollout(Order.START_FIRST)
    assert application("a", "x-rollout: stop-first\n" + web("a.com")).rollout == Rollout(
        Order.STOP_FIRST, is_order_given=True
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start-frist", "'start-frist' is not one of start-first, stop-first; did you mean start-first?"),
        ("[a]", "is neither an order nor a mapping"),
        ("{ordr: start-first}", "has the unknown key ordr; did you mean order?"),
        ("{health_timeout: soon}", "'soon' is not a duration; one looks like 60s"),
        ("{drain_timeout: 0}", "0 is not a duration"),
    ],
)
def test_read_refuses_invalid_value(text: str, message: str) -> None:
    assert message in str(broken("a", f"x-rollout: {text}\n{web('a.com')}").problems[0])


def test_seconds_of_durations() -> None:
    assert [seconds(each) for each in ("500ms", "1.5m", "7", 7, 0.5)] == [0.5, 90.0, 7.0, 7.0, 0.5]
