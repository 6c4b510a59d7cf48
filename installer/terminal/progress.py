"""Lines that say how far a command is: one a finished step, and one that passes while a long step runs."""

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
    """Text with white space before each line, none of them longer than the terminal is wide."""
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


class Lines:
    """Writes to a terminal or a file; passing lines go to a terminal only."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._live = self._stream.isatty()

    def say(self, text: str = "") -> None:
        """Print a line that stays."""
        self._write((_ERASE if self._live else "") + text + "\n")

    def note(self, text: str) -> None:
        """Print a sentence about the line above; a terminal gets it wrapped."""
        self.say(wrapped(text, "    ") if self._live else f"    {text}")

    def done(self, name: str, about: str = "") -> None:
        """Print the line of a step that is done."""
        self.say(f"  ✓ {name:<{NAME_WIDTH}}  {about}".rstrip())

    def passing(self, name: str, about: str) -> None:
        """Show what goes on now; the next line takes its place."""
        if self._live:
            self._write(_ERASE + f"    {name:<{NAME_WIDTH}}  {about}"[:PASSING_WIDTH])

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class ChangeLines(Listener):
    """Shows the change that is being made, and a line for each that is done."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def waiting(self, holder: str) -> None:
        """Say for whom it waits."""
        self._lines.say(f"  Waiting for another command ({holder}).")

    def begin(self, change: Change) -> None:
        """Show what goes on now."""
        self._lines.passing(change.name, change.about)

    def step(self, change: Change, step: Step) -> None:
        """Print a line for each step of a rollout."""
        self._lines.say(step_line(step))

    def done(self, outcome: Outcome) -> None:
        """Print what became of it."""
        self._lines.say(outcome_line(outcome))
