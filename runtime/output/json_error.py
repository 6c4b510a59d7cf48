"""The JSON answer of a command that an error ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from runtime.base.errors import ExitCode, SettingsError, explain
from runtime.output.json_results import ProblemEntry, problems


class ErrorCode(StrEnum):
    """The stable names of the kinds of errors."""

    FAILED = "failed"
    LOCKED = "locked"
    SETTINGS = "settings"
    USAGE = "usage"


_CODES = {ExitCode.FAILED: ErrorCode.FAILED, ExitCode.USAGE: ErrorCode.USAGE, ExitCode.LOCKED: ErrorCode.LOCKED}


@dataclass(frozen=True)
class ErrorJson:
    """The error that ended a command. It is on standard error too."""

    ok: Annotated[bool, "always false"]
    code: Annotated[ErrorCode, "the kind of the error"]
    error: Annotated[str, "what is wrong, and what to do"]
    problems: Annotated[tuple[ProblemEntry, ...], "each problem of the settings; for `settings` only"]

    @classmethod
    def of(cls, error: Exception) -> ErrorJson:
        """Return the result of a command that raised `error`."""
        sentence, exit_code = explain(error)
        if isinstance(error, SettingsError):
            return cls(False, ErrorCode.SETTINGS, sentence, problems(error.problems))
        return cls(False, _CODES[exit_code], sentence, ())
