"""The meaning of Enter at a question of the wizard, with the keys that a terminal sends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from installer.host import swap
from installer.host.docker_daemon import LogRotation
from installer.setup.host_setup import HostChoice, HostOffer, HostPlan, decide
from installer.terminal import prompts

ENTER = "\r"
OFFER = HostOffer(systemd=True, swap=swap.SwapOffer(), log_rotation=LogRotation())


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    """The keys that the user types."""
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


@pytest.mark.parametrize(("typed", "timers"), [(ENTER, True), ("y", True), ("n", False)])
def test_decide_timers_by_key(keys: PipeInput, typed: str, timers: bool) -> None:
    keys.send_text(typed)
    assert decide(HostChoice(firewall=False), OFFER, prompts.confirm, is_default=True, starts=True) == HostPlan(
        timers=timers
    )
