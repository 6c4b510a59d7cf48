"""The hook for tests does what the environment says, at the named point alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.base import failpoints

CODE = "from runtime.base.failpoints import failpoint; failpoint('here'); print('went on')"
ROOT = Path(__file__).parents[4]
pytestmark = pytest.mark.processes


def process(value: str) -> subprocess.Popen[str]:
    environment = {**os.environ, failpoints.VARIABLE: value}
    return subprocess.Popen(
        (sys.executable, "-c", CODE), stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )


@pytest.mark.parametrize("value", ["", "kill:there", "stop:there", "here", "other:here"])
def test_nothing_else_is_named(value: str) -> None:
    assert process(value).communicate()[0] == "went on\n"


def test_it_is_killed() -> None:
    killed = process("kill:here")
    assert killed.communicate()[0] == ""
    assert killed.returncode == -signal.SIGKILL


def test_it_stops_and_goes_on() -> None:
    stopped = process("stop:here")
    assert os.WIFSTOPPED(os.waitpid(stopped.pid, os.WUNTRACED)[1])
    stopped.send_signal(signal.SIGCONT)
    assert stopped.communicate()[0] == "went on\n"
