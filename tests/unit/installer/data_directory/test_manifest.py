"""The manifest of written template files, also under the name that 0.1.0 gave it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from installer.data_directory import manifest
from installer.data_directory.templates import TemplateFile

FIRST = TemplateFile(PurePosixPath("applications-public/example.yaml"), b"old\n")
SECOND = TemplateFile(PurePosixPath("haproxy-public/haproxy.cfg.j2"), b"new\n")


def test_render_keeps_files_of_earlier_versions() -> None:
    first = manifest.parse(manifest.render([FIRST]))
    second = manifest.parse(manifest.render([SECOND], first))
    assert second == {str(FIRST.path): FIRST.digest, str(SECOND.path): SECOND.digest}


@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"\xff"])
def test_parse_missing_or_broken(content: bytes | None) -> None:
    assert manifest.parse(content) == {}


def test_load_without_file(tmp_path: Path) -> None:
    assert manifest.load(tmp_path) == {}


def test_load_old_name(tmp_path: Path) -> None:
    (tmp_path / ".shipped.json").write_bytes(manifest.render([FIRST]))
    assert manifest.load(tmp_path) == {str(FIRST.path): FIRST.digest}


def test_load_prefers_new_name(tmp_path: Path) -> None:
    (tmp_path / ".shipped.json").write_bytes(manifest.render([FIRST]))
    (tmp_path / ".templates.json").write_bytes(manifest.render([SECOND]))
    assert manifest.load(tmp_path) == {str(SECOND.path): SECOND.digest}


def test_write_replaces_old_name(tmp_path: Path) -> None:
    (tmp_path / ".shipped.json").write_bytes(b"{}")
    manifest.write(tmp_path, manifest.render([FIRST]))
    assert [each.name for each in tmp_path.iterdir()] == [".templates.json"]
