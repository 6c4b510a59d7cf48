"""The question before a command changes the host."""

from __future__ import annotations

import sys

from runtime.base.errors import UsageError


def at_terminal() -> bool:
    """Whether a person is there to read and to answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def agreed(question: str, *, yes: bool, json: bool = False) -> bool:
    """Whether to go on: `--yes`, or what the person answers. Raises UsageError where nobody can be asked.

    With `json` nobody is: the question would be in the answer.
    """
    if yes:
        return True
    if json or not at_terminal():
        raise UsageError("There is no terminal to ask at. Do it with --yes, or only look with --dry-run.")
    from installer.terminal import prompts

    return prompts.confirm(question)


def typed(question: str, expected: str, given: str = "") -> None:
    """Have a person type a name, or take the one that an option gave. Raises UsageError if it is not as expected."""
    if not given and sys.stdin.isatty():
        given = input(f"{question}: ").strip()
    if given != expected:
        raise UsageError(f"That is not {expected}; nothing was removed. Without a terminal, give it with --confirm.")
