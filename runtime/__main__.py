"""The machine's door, what boot and timers call: python -m runtime. A person uses `shoestring`."""

from __future__ import annotations

import os
import sys

from runtime.base.constants import ENVIRONMENT_VARIABLE, NOTHING_TO_DO, RECORD


def main(arguments: list[str]) -> int:
    """Run one command to its end. Returns its exit code; see runtime/base/errors.py.

    A pass of the watchdog with nothing to do, the one command that runs each minute, ends before the rest is
    imported.
    """
    root = _root_of_a_pass(arguments)
    if root:
        from runtime.reconcile import fast_path

        if fast_path.is_unchanged(root) and fast_path.measured(root):
            print(f"  Nothing to do: {NOTHING_TO_DO}.")
            return 0
    from runtime import cli

    return cli.main(arguments)


def _root_of_a_pass(arguments: list[str]) -> str:
    """The data directory, if the arguments are those of a plain pass; else nothing."""
    if arguments[:1] == ["--data-directory"] and arguments[2:] == ["watchdog"]:
        return arguments[1]
    if arguments != ["watchdog"]:
        return ""
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    if given:
        return given
    try:
        with open(RECORD, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
