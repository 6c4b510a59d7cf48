"""Confirmations, with and without a terminal."""

from __future__ import annotations

import io
import os
import sys

import pexpect
import pytest

from installer.terminal.confirm import confirm_by_typing, confirmed
from runtime.base.errors import UsageError


def test_confirmed_without_terminal_needs_yes() -> None:
    assert confirmed("Remove?", yes=True)
    with pytest.raises(UsageError, match="--yes"):
        confirmed("Remove?", yes=False)
    with pytest.raises(UsageError, match="--yes"):
        confirmed("Remove?", yes=False, json=True)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("keys", "printed"),
    [("/srv/a", "Continued"), (" /srv/a ", "Continued"), ("/srv", "That is not /srv/a"), ("", "not /srv/a")],
)
def test_confirm_by_typing_at_terminal(keys: str, printed: str) -> None:
    """A permanent removal is not confirmed by one key."""
    program = (
        "from installer.terminal.confirm import confirm_by_typing; "
        "confirm_by_typing('Type the path', '/srv/a'); print('Continued.')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    terminal = pexpect.spawn(sys.executable, ["-c", program], env=environment, encoding="utf-8", timeout=30)
    terminal.expect_exact("Type the path: ")
    terminal.sendline(keys)
    terminal.expect_exact(printed)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert (terminal.exitstatus == 0) is (printed == "Continued")


def test_confirm_by_typing_with_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    confirm_by_typing("Type it", "/srv/a", "/srv/a")
    for given in ("", "/srv", "/srv/a/"):
        with pytest.raises(UsageError, match="nothing was removed"):
            confirm_by_typing("Type it", "/srv/a", given)
