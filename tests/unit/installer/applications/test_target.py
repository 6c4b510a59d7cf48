"""Finding the application and service that a command names."""

from __future__ import annotations

import pytest

from installer.applications.target import find
from runtime.base.errors import ShoestringError, UsageError
from runtime.config.applications import Order
from tests.support.builders.deploys import WANTED


def test_find_default_service() -> None:
    assert (find(WANTED, "blog").service, find(WANTED, "blog").image) == ("application", "ghost:5")
    assert find(WANTED, "blog", "data").image == "data:1"
    assert find(WANTED, "job").service == "only"


def test_find_order_of_service() -> None:
    assert find(WANTED, "blog").order is Order.START_FIRST
    assert find(WANTED, "blog", "data").order is Order.STOP_FIRST


@pytest.mark.parametrize(
    ("name", "service", "kind", "message"),
    [
        ("blgo", "", UsageError, "There is no application blgo; did you mean blog?"),
        ("zzz", "", UsageError, "There is no application zzz. List them: shoestring status"),
        ("blog", "dat", UsageError, "blog has no service dat. It has: application, data, built."),
        ("two", "", UsageError, "two has no service named application; name one with --service. It has: a, b."),
        ("blog", "built", UsageError, "The service built of blog has no image; it is built."),
        (
            "bad",
            "",
            ShoestringError,
            "bad.yaml is broken; nothing was changed. Correct it first:\n  bad.yaml:1 services",
        ),
    ],
)
def test_find_refuses_unknown_name(name: str, service: str, kind: type[ShoestringError], message: str) -> None:
    with pytest.raises(kind) as caught:
        find(WANTED, name, service)
    assert message in str(caught.value)
    assert type(caught.value) is kind
