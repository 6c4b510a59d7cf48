"""Errors that a user reads, and the exit codes that a script reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from runtime.base.printed import plain

# Set to anything, it lets a traceback through.
DEBUG_VARIABLE = "SHOESTRING_DEBUG"


class ExitCode(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LOCKED = 3


@dataclass(frozen=True)
class Problem:
    """One problem in a file of the user, and what to do about it.

    `key` is the dotted path of the setting or the name of the key, `line` counts from 1; both may be
    unknown (empty, 0).
    """

    file: Path
    what: str
    key: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file.name}:{self.line}" if self.line else self.file.name
        return f"{place} {self.key}: {self.what}" if self.key else f"{place}: {self.what}"


class ShoestringError(Exception):
    """Something failed; the message is one sentence for the user, with what to do.

    Lines that a program printed may follow it.
    """

    exit_code = ExitCode.FAILED

    @property
    def sentence(self) -> str:
        """Return the message without what a container or a program printed: it may leave the host."""
        return next(iter(str(self).splitlines()), "").removesuffix(":")


class UsageError(ShoestringError):
    """A wrong command line or wrong settings."""

    exit_code = ExitCode.USAGE


class LockedError(ShoestringError):
    """Another changing command holds the lock."""

    exit_code = ExitCode.LOCKED


class SettingsError(UsageError):
    """The settings file has problems; all of them are reported at once."""

    def __init__(self, file: Path, problems: tuple[Problem, ...]) -> None:
        self.file = file
        self.problems = problems
        count = f"{len(problems)} problem" + ("s" if len(problems) != 1 else "")
        lines = "\n".join(
            f"  {problem.key}: {problem.what}" if problem.key else f"  {problem.what}" for problem in problems
        )
        super().__init__(f"settings: {count} in {file}\n{lines}")


def explain(error: Exception) -> tuple[str, ExitCode]:
    """Return the sentence and the exit code for an error that ends a command; a user never sees a traceback.

    Without control characters: the message may have what a container printed.
    """
    sentence, code = _explain(error)
    return plain(sentence), code


def sentence_of(error: Exception) -> str:
    """Return the sentence alone, without what a container or a program printed."""
    return plain(error.sentence) if isinstance(error, ShoestringError) else explain(error)[0]


def _explain(error: Exception) -> tuple[str, ExitCode]:
    if isinstance(error, ShoestringError):
        return str(error), error.exit_code
    first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
    if type(error).__module__.split(".")[0] in ("docker", "requests", "urllib3"):
        return f"Docker failed: {first_line}. Is it running? Try: docker info", ExitCode.FAILED
    if isinstance(error, OSError):
        return (
            f"{first_line}. Check that you run as root and that the disk has space and can be written to.",
            ExitCode.FAILED,
        )
    name = type(error).__name__
    sentence = f"Internal error: {name}: {first_line}. Run again with {DEBUG_VARIABLE}=1 and report the traceback."
    return sentence, ExitCode.FAILED
