"""The marker of restored data that no server has used yet."""

from __future__ import annotations

from pathlib import Path

from installer.services.postgres import restore_marker


def test_matches_until_server_used_data(tmp_path: Path) -> None:
    assert not restore_marker.matches(tmp_path)
    control = tmp_path / restore_marker.CONTROL
    control.parent.mkdir()
    control.write_bytes(b"stopped")
    restore_marker.write(tmp_path)
    assert restore_marker.matches(tmp_path)
    control.write_bytes(b"served")
    assert not restore_marker.matches(tmp_path)
