"""`/etc/shoestring/data-directory`: which data directory commands use that name none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from runtime.base import files, paths

OPTION = "--data-directory"
# A command of ours in a sentence; not the end of a path, such as /srv/shoestring.
_COMMAND = re.compile(r"(?<![\w/.-])shoestring [a-z]")


def write(root: Path, record: Path = paths.RECORD) -> str:
    """Record a data directory, unless another one is recorded that exists. Returns a sentence if so, else nothing."""
    recorded = read(record)
    if recorded is not None and recorded != root and recorded.is_dir():
        return (
            f"Commands without --data-directory go on using {recorded}, as {record} says. "
            f"For this one add: --data-directory {root}"
        )
    if not record.parent.is_dir():
        files.make_directory(record.parent)
    files.write(record, f"{root}\n")
    return ""


def read(record: Path = paths.RECORD) -> Path | None:
    """The data directory that is recorded, if any."""
    try:
        text = record.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return Path(text) if text else None


def option(root: Path, record: Path = paths.RECORD) -> str:
    """What a command needs to find a data directory: nothing if it is the recorded one."""
    return "" if read(record) == root else f" {OPTION} {root}"


def for_instance(sentence: str, words: Sequence[str], record: Path = paths.RECORD) -> str:
    """A sentence about an error; where it names a command, with what makes that one about the same instance.

    `words` is the command line that failed: only a directory that it names, and that is not recorded, has to be said.
    """
    root = _named(words)
    if root is None or OPTION in sentence or not _COMMAND.search(sentence):
        return sentence
    needed = option(root, record)
    return f"{sentence}\nFor this instance add:{needed}" if needed else sentence


def _named(words: Sequence[str]) -> Path | None:
    """The data directory that a command line names; the last one counts."""
    found = None
    ours = words[: words.index("--")] if "--" in words else words
    for word, following in zip(ours, (*ours[1:], ""), strict=False):
        if word == OPTION and following:
            found = following
        elif word.startswith(f"{OPTION}="):
            found = word.partition("=")[2]
    return Path(found).absolute() if found else None
