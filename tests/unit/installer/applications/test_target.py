"""Which application and service a command names."""

from __future__ import annotations

import pytest

from installer.applications.target import find
from runtime.base.errors import ShoestringError, UsageError
from runtime.config.applications import Order
from tests.support.builders.deploys import WANTED


def test_the_service_is_application_or_the_only_one() -> None:
    assert (find(WANTED, "blog").service, find(WANTED, "blog").image) == ("application", "ghost:5")
    assert find(WANTED, "blog", "data").image == "data:1"
    assert find(WANTED, "job").service == "only"


def test_only_the_proxied_service_starts_beside_the_old_one() -> None:
    assert find(WANTED, "blog").order is Order.START_FIRST
    assert find(WANTED, "blog", "data").order is Order.STOP_FIRST


@pytest.mark.parametrize(
    ("name", "service", "kind", "says"),
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
def test_what_cannot_be_found(name: str, service: str, kind: type[ShoestringError], says: str) -> None:
    with pytest.raises(kind) as caught:
        find(WANTED, name, service)
    assert says in str(caught.value)
    assert type(caught.value) is kind
