"""The address of the followed interface as the fast path compares it."""

from __future__ import annotations

import pytest

from runtime.base.light_inputs import Place
from runtime.network.light_inputs import NetworkInputs


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [(("", ""), True), (("lo", "127.0.0.1"), True), (("lo", "192.0.2.1"), False), (("none0", ""), True)],
)
def test_is_recorded_address_of_interface(recorded: tuple[str, str], expected: bool) -> None:
    assert NetworkInputs().is_recorded(Place("", ""), recorded) is expected
