"""Ask for confirmation before a command changes something."""

from __future__ import annotations

import sys

from runtime.base.errors import UsageError


def at_terminal() -> bool:
    """Return whether a user is there to read and to answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def confirmed(question: str, *, yes: bool, json: bool = False) -> bool:
    """Return whether to continue: because of `--yes`, else by the answer of the user.

    With `json` nobody is asked: the question would be part of the answer. Raises UsageError if so
    without `--yes`, and without a terminal.
    """
    if yes:
        return True
    if json or not at_terminal():
        raise UsageError("There is no terminal to ask at. Add --yes to confirm, or --dry-run to only show it.")
    from installer.terminal import prompts

    return prompts.confirm(question)


def confirm_by_typing(question: str, expected: str, given: str = "") -> None:
    """Have the user type a name, or use the one that an option gave. Raises UsageError if it is not as expected."""
    if not given and sys.stdin.isatty():
        given = input(f"{question}: ").strip()
    if given != expected:
        raise UsageError(f"That is not {expected}; nothing was removed. Without a terminal, give it with --confirm.")
