"""Images of the engine."""

from __future__ import annotations

from installer.images.lookup import LocalImage


def test_shares_with_base_of_all_layers() -> None:
    base = LocalImage(10, ("a", "b"))
    assert LocalImage(12, ("a", "b", "c")).shares_with(base) == 10
    assert LocalImage(12, ("a", "c")).shares_with(base) == 0
    assert base.shares_with(LocalImage(12, ("a", "b", "c"))) == 0
    assert base.shares_with(None) == 0
