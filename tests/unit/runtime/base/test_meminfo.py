"""The memory of a host, in the form of proc(5)."""

from __future__ import annotations

from runtime.base import meminfo
from runtime.base.meminfo import MemorySizes

TEXT = """\
MemTotal:  474000 kB
MemAvailable: 304000 kB
HugePages_Total:       0
SwapTotal: 1048572 kB
SwapFree: 7 kB
"""


def test_parse_gives_bytes() -> None:
    assert meminfo.parse(TEXT) == MemorySizes(474_000 * 1024, 304_000 * 1024, 1_048_572 * 1024, 7 * 1024)


def test_parse_empty_text_is_zero() -> None:
    assert meminfo.parse("") == MemorySizes(0, 0, 0, 0)


def test_read_finds_this_host() -> None:
    assert meminfo.read().total > 0
