"""`conf/.templates.json`: which template files Shoestring wrote, with their digests; so changed ones are known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from installer.data_directory.templates import TemplateFile, read_file
from runtime.base import files

FILE = PurePosixPath(".templates.json")
# Shoestring 0.1.0 has it under this name.
OLD_FILE = PurePosixPath(".shipped.json")
# The paths to commit after `write`.
FILES = (FILE, OLD_FILE)


def render(written: Iterable[TemplateFile], before: Mapping[str, str] | None = None) -> bytes:
    """Return the manifest of written files: SHA-256 by path. Files of earlier versions stay in it."""
    digests = {**(before or {}), **{str(each.path): each.digest for each in written}}
    return (json.dumps(dict(sorted(digests.items())), indent=2) + "\n").encode()


def parse(content: bytes | None) -> dict[str, str]:
    """Return SHA-256 by path. A missing or broken manifest is empty: then every file counts as user-provided."""
    try:
        digests = json.loads(content or b"{}")
    except ValueError:
        return {}
    return {str(path): str(value) for path, value in digests.items()} if isinstance(digests, dict) else {}


def load(conf: Path) -> dict[str, str]:
    """Return the manifest of a data directory, SHA-256 by path below `conf/`. Raises ShoestringError."""
    found = next((conf / name for name in FILES if (conf / name).exists()), None)
    return parse(read_file(found) if found else None)


def write(conf: Path, content: bytes) -> None:
    """Write the manifest, and remove the file that has its old name."""
    files.write(conf / FILE, content)
    files.remove(conf / OLD_FILE)
