"""What the screens share: a moment, and text as a terminal of 80 columns shows it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from unittest import mock

WIDTH = 80
# When all screens are made.
NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
DAY = 86_400.0

Screens = Mapping[str, Callable[[], str]]


def moment(seconds_ago: float = 0.0) -> float:
    """Return a moment before NOW, in seconds since the epoch."""
    return NOW.timestamp() - seconds_ago


def text(lines: Iterable[str]) -> str:
    """Return lines as they are printed."""
    return "".join(f"{line}\n" for line in lines)


def sections(**parts: Iterable[str]) -> str:
    """Return several screens, each below its title; `_` in a title is a space."""
    return "\n".join(f"--- {title.replace('_', ' ')} ---\n{text(lines)}" for title, lines in parts.items())


def printed(show: Callable[[], object]) -> list[str]:
    """Return the lines that a function prints to a terminal without colors."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), mock.patch("installer.output.is_terminal", return_value=True):
        show()
    # A table pads its last column.
    return [line.rstrip() for line in out.getvalue().splitlines()]
