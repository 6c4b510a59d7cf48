"""Files as inputs of the fast path: by content, or by their times."""

from __future__ import annotations

import os
from pathlib import Path

from runtime.base import light_inputs


def content(directory: Path) -> list[bytes]:
    return list(light_inputs.by_content(str(directory)))


def stat(path: Path) -> list[bytes]:
    return list(light_inputs.by_stat(str(path)))


def test_by_content_detects_edit_with_same_size_and_times(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b"
    file.parent.mkdir()
    file.write_text("one")
    before, seen = content(tmp_path), file.stat()
    file.write_text("two")
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert content(tmp_path) != before
    file.write_text("one")
    assert content(tmp_path) == before


def test_by_content_follows_link(tmp_path: Path) -> None:
    outside, directory = tmp_path / "outside", tmp_path / "conf"
    directory.mkdir()
    outside.write_text("one")
    (directory / "link").symlink_to(outside)
    before = content(directory)
    outside.write_text("two")
    assert content(directory) != before


def test_by_content_accepts_broken_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    assert len(content(tmp_path)) == 1


def test_by_content_leaves_out_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("")
    assert content(tmp_path) == []


def test_by_stat_of_file_and_directory(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    assert stat(file) == stat(tmp_path)
    before = stat(file)
    os.utime(file, ns=(1, 1))
    assert stat(file) != before
    assert stat(tmp_path / "missing") == []


def test_by_stat_follows_link(tmp_path: Path) -> None:
    """A configuration that another tool manages may be a link into that tool's directory."""
    file, link = tmp_path / "a", tmp_path / "link"
    link.symlink_to(file)
    assert len(stat(link)) == 1
    file.write_text("one")
    before = stat(link)
    assert len(before) == 2
    os.utime(file, ns=(1, 1))
    assert stat(link) != before
