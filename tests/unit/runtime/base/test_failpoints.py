"""A failpoint does what the environment variable says, at the named point only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.base import failpoints
from runtime.base.failpoints import failpoint

CODE = "from runtime.base.failpoints import failpoint; failpoint('here'); print('continued')"
ROOT = Path(__file__).parents[4]
pytestmark = pytest.mark.processes


def process(value: str) -> subprocess.Popen[str]:
    environment = {**os.environ, failpoints.VARIABLE: value}
    return subprocess.Popen(
        (sys.executable, "-c", CODE), stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )


@pytest.mark.parametrize("value", ["", "kill:there", "stop:there", "here", "other:here"])
def test_failpoint_ignores_other_values(value: str) -> None:
    assert process(value).communicate()[0] == "continued\n"


def test_failpoint_kill() -> None:
    killed = process("kill:here")
    assert killed.communicate()[0] == ""
    assert killed.returncode == -signal.SIGKILL


def test_failpoint_stop_and_continue() -> None:
    stopped = process("stop:here")
    assert os.WIFSTOPPED(os.waitpid(stopped.pid, os.WUNTRACED)[1])
    stopped.send_signal(signal.SIGCONT)
    assert stopped.communicate()[0] == "continued\n"


def test_failpoint_only_at_named_point(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, signal: killed.append(pid))
    monkeypatch.setenv(failpoints.VARIABLE, "kill:rollout-created")
    failpoint("rollout-closed")
    assert killed == []
    failpoint("rollout-created")
    assert killed == [os.getpid()]
