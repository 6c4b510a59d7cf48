"""The entry point of boot and timers: python -m runtime. Users run `shoestring`."""

from __future__ import annotations

import os
import sys

from runtime.base.constants import DEFAULT_DIRECTORY_FILE, ENVIRONMENT_VARIABLE, NOTHING_TO_DO, UMASK


def main(arguments: list[str]) -> int:
    """Run one command to its end. Returns its exit code; see runtime/base/errors.py.

    A run of the watchdog with nothing to do, the one command that runs each minute, ends before the rest is imported.
    """
    os.umask(UMASK)
    root = _root_of_a_run(arguments)
    if root:
        from runtime.reconcile import fast_path

        if fast_path.is_unchanged(root) and _end(root):
            print(f"  Nothing to do: {NOTHING_TO_DO}.")
            return 0
    from runtime import cli

    return cli.main(arguments)


def _end(root: str) -> bool:
    """End a run that found nothing to do: save its time, export its metrics. Return whether both are done."""
    from runtime.metrics import export
    from runtime.reconcile import fast_path

    try:
        run = fast_path.last_run(root)
        fast_path.stamp(run)
        return export.export_again(run.directory, run.token)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _root_of_a_run(arguments: list[str]) -> str:
    """Return the data directory if the arguments are those of a plain run of the watchdog; else an empty string."""
    if arguments[:1] == ["--data-directory"] and arguments[2:] == ["watchdog"]:
        return arguments[1]
    if arguments != ["watchdog"]:
        return ""
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    if given:
        return given
    try:
        with open(DEFAULT_DIRECTORY_FILE, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
