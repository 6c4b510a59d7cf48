from __future__ import annotations

import pytest

from runtime.base import printed
from runtime.base.errors import ShoestringError, explain, sentence_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;ZXZpbA==\x07", ""),
        ("\x1bP+q544e\x1b\\x", "x"),
        ("\x1b(0\x1b#8\x1bcx", "x"),
        ("\x9b31mred", "31mred"),
        ("a\rb\x00\x08c\x7f", "abc"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("tab\tand\nline ü 日本 ✓", "tab\tand\nline ü 日本 ✓"),
        ("cut off \x1b[31", "cut off 31"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert "\x1b" not in printed.plain(text)
    assert printed.plain(text) == shown


def test_masked_long_values_first_and_lines_of_a_value() -> None:
    secrets = ("abcd", "abcdefgh", "-----BEGIN KEY-----\nMIIEvQ\n", "", "no")
    assert printed.masked("abcdefgh abcd MIIEvQ no", secrets) == "*** *** *** no"


def test_lines_of_log() -> None:
    assert printed.lines(b"\x1b[1mone\x1b[0m  \n\n\xff two hidden\n", ("hidden",)) == ("one", "\ufffd two ***")


def test_explain_without_control_characters() -> None:
    error = ShoestringError("It failed.\n    | \x1b]0;owned\x07log")
    assert explain(error)[0] == "It failed.\n    | log"
    assert sentence_of(error) == "It failed."
    assert sentence_of(ValueError("\x1b[2Jx")) == explain(ValueError("x"))[0]
