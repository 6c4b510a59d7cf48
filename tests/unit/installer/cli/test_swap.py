"""The options of `shoestring swap`."""

from __future__ import annotations

from installer.cli.swap import KindOption as Option
from installer.host.swap import (
    SwapKind,
)


def test_option_has_all_kinds() -> None:
    assert [kind.value for kind in Option] == [kind.value for kind in SwapKind]
