"""Generated passwords, and edits of `conf/secrets.yaml` that change nothing else in it."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable, Mapping

import yaml

from runtime.base import files, yaml_documents
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.base.yaml_documents import DocumentError
from runtime.config.secrets import load

HEADER = """\
# Passwords and tokens. Application files use each as ${NAME}; git never sees this file.
"""
MODE, WIDEST_MODE = 0o600, 0o640
LENGTH = 32
# No character that a shell, a URL, Compose or YAML interprets. 190 bits.
ALPHABET = string.ascii_letters + string.digits


def new_password() -> str:
    """Return a new password."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def missing(paths: Paths, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the names that have no value yet, each once. Raises SettingsError for a broken file."""
    known = load(paths.secrets)
    return tuple(name for name in dict.fromkeys(names) if name not in known)


def add(paths: Paths, values: Mapping[str, str]) -> None:
    """Add values at the end of the file. Raises ShoestringError if its form does not allow that."""
    if not values and paths.secrets.exists():
        return
    text = paths.secrets.read_text(encoding="utf-8") if paths.secrets.exists() else HEADER
    newline = "" if text.endswith("\n") or not text else "\n"
    lines = "".join(f'{name}: "{value}"\n' for name, value in values.items())
    _write(paths, text + newline + lines, {**load(paths.secrets), **values}, f"Add {', '.join(values)}")


def remove(paths: Paths, names: Iterable[str]) -> tuple[str, ...]:
    """Remove names from the file. Return those that were in it. Raises ShoestringError as `add`."""
    before = load(paths.secrets)
    removed = tuple(name for name in dict.fromkeys(names) if name in before)
    if not removed:
        return ()
    text = paths.secrets.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    numbers = {
        number
        for key, value in (root.value if isinstance(root, yaml.MappingNode) and not root.flow_style else ())
        if key.value in removed
        for number in range(key.start_mark.line, value.end_mark.line + 1)
    }
    left = "".join(line for number, line in enumerate(text.splitlines(keepends=True)) if number not in numbers)
    kept = {name: value for name, value in before.items() if name not in removed}
    _write(paths, left, kept, f"Remove {', '.join(removed)}")
    return removed


def _write(paths: Paths, text: str, expected: Mapping[str, str], by_hand: str) -> None:
    """Write the file if its new text has the expected values."""
    try:
        value = yaml_documents.parse(paths.secrets, text).value
        says = {str(name): str(each) for name, each in value.items()}
    except DocumentError:
        says = {}
    if says != dict(expected):
        raise ShoestringError(
            f"{paths.secrets} cannot be edited automatically. {by_hand} by hand, then run this again."
        )
    target = paths.secrets.resolve()
    mode = target.stat().st_mode & WIDEST_MODE | MODE if target.exists() else MODE
    files.write(target, text, mode)
