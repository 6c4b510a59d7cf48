"""What programs and containers print: made safe for a terminal, and without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Control sequences (ECMA-48, 5.4 and 5.6), other control characters but newline and tab, and the characters that
# reorder what stands around them (Unicode Annex 9, 2.1 to 2.3).
_SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[P\]X^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Shorter values are parts of other words.
_SHORTEST_SECRET = 4
MASK = "***"


def plain(text: str) -> str:
    """Return text without control sequences and control characters; newlines and tabs stay."""
    return _CONTROLS.sub("", _SEQUENCES.sub("", text))


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return text without the values of secrets, and without each line of a value that has several."""
    values = {part for secret in secrets for part in (secret, *secret.splitlines())}
    for value in sorted((each for each in values if len(each) >= _SHORTEST_SECRET), key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def lines(text: bytes | str, secrets: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the lines of a log that are not empty, plain and without secrets."""
    decoded = text.decode(errors="replace") if isinstance(text, bytes) else text
    return tuple(line.rstrip() for line in masked(plain(decoded), secrets).splitlines() if line.strip())
