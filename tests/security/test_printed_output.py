"""A container prints its secret and control sequences, to a log and to its own health check."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.base.paths import Side
from tests.support.engine import Instance, plain

SECRET = "correct-horse-battery"
# In a double-quoted YAML text.
EVIL = r"printf 'the key is %s \\033]0;owned\\007 \\033[2J end\\n' \"$$KEY\""
MORE = """    environment: {{KEY: "${{KEY}}"}}
    {key}: {value}
"""
ENDS = MORE.format(key="entrypoint", value=f'[sh, -c, "{EVIL}; exit 3"]')
SICK = MORE.format(key="healthcheck", value=f'{{test: [CMD-SHELL, "{EVIL}; exit 1"], interval: 300ms, retries: 2}}')


def run(instance: Instance, *arguments: str) -> str:
    """Return all that a command prints, whatever its exit code."""
    argv = (sys.executable, "-m", "runtime", "--data-directory", str(instance.paths.root), *arguments)
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=os.environ)
    return done.stdout + done.stderr


@pytest.mark.parametrize(("more", "cause"), [(ENDS, "exited with code 3"), (SICK, "its own health check fails")])
def test_watchdog_failed_rollout(instance: Instance, tools: str, notifications: Path, more: str, cause: str) -> None:
    instance.paths.secrets.write_text(f"KEY: {SECRET}\n")
    rollout = "x-rollout: {health_timeout: 4s}\n"
    instance.add(Side.PUBLIC, "a", rollout + plain(tools, "v1", "a.example.test"))
    assert instance.start().ok
    instance.add(Side.PUBLIC, "a", rollout + plain(tools, "v2", "a.example.test", more=more))
    shown = run(instance, "watchdog") + run(instance, "status")
    assert cause in shown
    assert "the key is ***" in shown
    assert SECRET not in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown
    (line,) = notifications.read_text().splitlines()
    message = json.loads(line)["message"]
    assert cause in message
    assert "the key is" not in message
    saved = [*instance.cluster.run.directory.rglob("*"), *(instance.paths.data / "shoestring").rglob("*")]
    assert [each for each in saved if each.is_file() and SECRET.encode() in each.read_bytes()] == []


def test_notification_secret_in_a_sentence(instance: Instance, notifications: Path) -> None:
    instance.paths.secrets.write_text(f"KEY: {SECRET}\n")
    # Docker repeats the image's name in its message.
    instance.add(Side.PUBLIC, "a", "services: {a: {image: '127.0.0.1:1/${KEY}:1'}}\n")
    assert SECRET not in run(instance, "watchdog")
    assert SECRET not in notifications.read_text()
