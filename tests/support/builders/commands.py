"""Processes of tests that do not start."""

from __future__ import annotations

import pytest

from runtime.base import command
from runtime.base.command import Result


def answering(monkeypatch: pytest.MonkeyPatch, code: int, out: str, err: str = "") -> None:
    """Have each command end with this code and output, without a process."""
    monkeypatch.setattr(command, "run", lambda argv, **_: Result(tuple(argv), code, out, err))
