"""The question before a command changes the host."""

from __future__ import annotations

import sys

from runtime.errors import UsageError


def agreed(question: str, *, yes: bool, json: bool = False) -> bool:
    """Whether to go on: `--yes`, or what the person answers. Raises UsageError where nobody can be asked.

    With `json` nobody is: the question would be in the answer.
    """
    if yes:
        return True
    if json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("There is no terminal to ask at. Do it with --yes, or only look with --dry-run.")
    from installer import wizard

    return wizard.confirm(question)
