"""`x-rollout`, and the order that an application has without it. Pure."""

from __future__ import annotations

import re
from typing import Any

from runtime.base.schema import suggestion
from runtime.config.applications import Order, Rollout

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}
_KEYS = ("order", "health_timeout", "drain_timeout", "watch_time")
# Kinds of mounts that two containers of one service do not share.
_PRIVATE_MOUNTS = ("tmpfs", "image")


def read(value: object, service: dict[str, Any] | None) -> Rollout:
    """Read `x-rollout`: an order, or a mapping with `order`, `health_timeout`, `drain_timeout`, `watch_time`.

    `service` is the definition of the service named `application`, if there is one; `value` is None where the key is
    not there. Raises ValueError with the end of a sentence.
    """
    given = {"order": value} if isinstance(value, str) else value if value is not None else {}
    if not isinstance(given, dict):
        raise ValueError(f"{value!r} is neither an order nor a mapping with {', '.join(_KEYS)}")
    for key in given:
        if key not in _KEYS:
            raise ValueError(f"has the unknown key {key}{suggestion(str(key), _KEYS)}")
    order = _order(given["order"]) if "order" in given else default_order(service)
    times = {key: seconds(given[key]) for key in _KEYS[1:] if key in given}
    return Rollout(order, **times, is_order_given="order" in given)


def _order(value: object) -> Order:
    try:
        return Order(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not one of {', '.join(Order)}{suggestion(str(value), Order)}") from None


def seconds(value: object) -> float:
    """Return a duration in seconds, as Compose writes them (`90s`, `1.5m`, `500ms`), or a number of seconds."""
    match = _DURATION.fullmatch(str(value)) if not isinstance(value, bool) else None
    if match is None or float(match[1]) <= 0:
        raise ValueError(f"{value!r} is not a duration; one looks like 60s")
    return float(match[1]) * _UNITS[match[2]]


def default_order(service: dict[str, Any] | None) -> Order:
    """Return start-first, unless two containers at once would share what only one may have.

    That is a writable volume (two writers on one data directory lose data), a name, or a published port.
    """
    if service is None or service.get("container_name") or service.get("ports") or service.get("network_mode"):
        return Order.STOP_FIRST
    volumes = service.get("volumes") or []
    writable = not isinstance(volumes, list) or any(_is_writable(volume) for volume in volumes)
    return Order.STOP_FIRST if writable or service.get("volumes_from") else Order.START_FIRST


def _is_writable(volume: object) -> bool:
    if isinstance(volume, dict):
        return not volume.get("read_only") and volume.get("type") not in _PRIVATE_MOUNTS
    parts = str(volume).split(":")
    # `/path` alone is an anonymous volume, which each container has of its own.
    return len(parts) > 1 and "ro" not in parts[-1].split(",")
