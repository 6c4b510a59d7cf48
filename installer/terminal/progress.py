"""Lines that show the progress of a command: one for each finished step, and a transient one while a step runs."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, TextIO

from runtime.context.change import Change, Listener, Outcome
from runtime.output.report import outcome_line, step_line

if TYPE_CHECKING:
    from runtime.context.change import Step

NAME_WIDTH = 22
PASSING_WIDTH = 78
# ECMA-48: go to the line's begin, and erase to its end.
_ERASE = "\r\x1b[K"


def wrapped(text: str, indent: str) -> str:
    """Return text wrapped to the width of the terminal, with `indent` before each line."""
    width = max(len(indent) + 20, shutil.get_terminal_size().columns - 1)
    lines = (
        textwrap.wrap(
            line,
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )
    return "\n".join(part for line in lines for part in line)


class ProgressLines:
    """Writes lines to a terminal or a file; transient lines go to a terminal only. `notes` are all that it wrote."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._live = self._stream.isatty()
        self.notes: list[str] = []

    def say(self, text: str = "") -> None:
        """Print a line."""
        self._write((_ERASE if self._live else "") + text + "\n")

    def note(self, text: str) -> None:
        """Print a sentence about the line above, wrapped on a terminal."""
        self.notes.append(text)
        self.say(wrapped(text, "    ") if self._live else f"    {text}")

    def done(self, name: str, about: str = "") -> None:
        """Print the line of a finished step."""
        self.say(f"  ✓ {name:<{NAME_WIDTH}}  {about}".rstrip())

    def passing(self, name: str, about: str) -> None:
        """Show the current step on a terminal; the next line replaces it."""
        if self._live:
            self._write(_ERASE + f"    {name:<{NAME_WIDTH}}  {about}"[:PASSING_WIDTH])

    def clear(self) -> None:
        """Remove the transient line: what follows is printed by others."""
        if self._live:
            self._write(_ERASE)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class ChangeLines(Listener):
    """Shows the change that is being made, and prints a line for each finished one."""

    def __init__(self, lines: ProgressLines) -> None:
        self._lines = lines

    def waiting(self, holder: str) -> None:
        """Print which command holds the lock."""
        self._lines.say(f"  Waiting for another command ({holder}).")

    def begin(self, change: Change) -> None:
        """Show the change that is being made."""
        self._lines.passing(change.name, change.about)

    def step(self, change: Change, step: Step) -> None:
        """Print a line for each step of a rollout."""
        self._lines.say(step_line(step))

    def done(self, outcome: Outcome) -> None:
        """Print the outcome of a change."""
        self._lines.say(outcome_line(outcome))
