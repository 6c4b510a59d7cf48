"""Commands that a message names: for an instance that is not the host's default one, each has its data directory."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

from runtime.base.constants import ENVIRONMENT_VARIABLE
from runtime.base.paths import default_data_directory

OPTION = "--data-directory"
# Every command that takes the option, and below it its own commands; a test compares them with the command line.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "setup": (),
    "start": (),
    "stop": (),
    "reload": (),
    "watchdog": (),
    "plan": (),
    "status": (),
    "deploy": (),
    "rollback": (),
    "history": (),
    "images": ("list", "pull", "build"),
    "ssl": ("status", "issue", "renew", "load", "ca"),
    "vpn": ("add", "list", "show", "remove", "status", "apply", "tunnel", "hosts"),
    "firewall": ("status", "on", "off"),
    "service": ("list", "add", "remove"),
    "metrics": ("shell", "retention", ""),
    "registry": ("user add", "user list", "user remove", "list", "gc", "login"),
    "npm": ("user add", "user list", "user remove"),
    "postgres": ("psql", "create", "upgrade", "prune"),
    "timers": ("status", "install", "remove"),
    "uninstall": (),
}
_PATHS = sorted(
    (f"{name} {child}".strip() for name, children in COMMANDS.items() for child in children or ("",)),
    key=len,
    reverse=True,
)
# A command of ours in a sentence, not the end of a path such as /srv/shoestring. After a colon it has all words up to
# the end of the clause; else, as in "shoestring status shows it", none but its name. Quotes and backslashes end it in
# JSON.
_COMMAND = re.compile(
    rf"(?P<colon>: (?:sudo )?)?(?<![\w/.-])shoestring (?:{'|'.join(_PATHS)})(?![\w/-]|\.\w)"
    r"(?P<rest>(?:(?![.,](?:\s|$|\"|\\))[^\n\x1b\"\\;()])*)"
)


def complete(text: str, root: Path) -> str:
    """Return a text in which each command of ours names a data directory, unless it names one already."""
    option = f" {OPTION} {shlex.quote(str(root))}"

    def completed(found: re.Match[str]) -> str:
        if OPTION in found["rest"]:
            return found[0]
        rest = len(found["rest"]) if not found["colon"] else len(found["rest"]) - len(found["rest"].rstrip())
        end = len(found[0]) - rest
        # What follows may name more commands.
        tail = found[0][end:]
        return f"{found[0][:end]}{option}{complete(tail, root) if tail.strip() else tail}"

    return _COMMAND.sub(completed, text)


def named(words: Sequence[str], environment: Mapping[str, str]) -> Path | None:
    """Return the data directory that a command line names, the last one, else that of the environment."""
    found = environment.get(ENVIRONMENT_VARIABLE, "")
    ours = words[: words.index("--")] if "--" in words else words
    for word, following in zip(ours, (*ours[1:], ""), strict=False):
        if word == OPTION and following:
            found = following
        elif word.startswith(f"{OPTION}="):
            found = word.partition("=")[2]
    return Path(found).absolute() if found else None


def for_instance(text: str, root: Path) -> str:
    """Return a text in which each command of ours names a data directory, unless it is the host's default one."""
    return text if root == default_data_directory() else complete(text, root)


class _Completing:
    """A stream that completes the commands in what is written to it, once the data directory is known."""

    def __init__(self, stream: TextIO, root: Path | None) -> None:
        self._stream = stream
        self.root = root

    def write(self, text: str) -> int:
        """Write a text with its commands completed. A setup may have made the directory the default meanwhile."""
        self._stream.write(for_instance(text, self.root) if self.root and _COMMAND.search(text) else text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def completed(words: Sequence[str]) -> Iterator[None]:
    """Complete the commands in all that is printed meanwhile, for the data directory that a command line names."""
    root = named(words, os.environ)
    out, errors = (cast(TextIO, _Completing(stream, root)) for stream in (sys.stdout, sys.stderr))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        yield


def choose(root: Path) -> None:
    """Complete the commands in what is printed from now on for a data directory that the user has just chosen."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, _Completing):
            stream.root = root
