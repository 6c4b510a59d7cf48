"""CHANGELOG.md has the format of Keep a Changelog: https://keepachangelog.com/en/1.1.0/."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
RELEASES = re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", TEXT, re.MULTILINE)
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


@pytest.mark.parametrize(("heading", "body"), RELEASES, ids=[heading for heading, _ in RELEASES])
def test_release_has_sections_of_items(heading: str, body: str) -> None:
    assert re.fullmatch(r"\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading)
    before, *sections = re.split(r"^### ", body, flags=re.MULTILINE)
    assert before.strip() == ""
    kinds = [section.partition("\n")[0] for section in sections]
    assert [kind for kind in kinds if kind not in KINDS] == []
    assert all(KINDS.index(first) < KINDS.index(second) for first, second in pairwise(kinds))
    for section in sections:
        items = section.partition("\n")[2].strip("\n").splitlines()
        assert items, "a section without an item"
        assert [item for item in items if not item.startswith(("- ", "  "))] == []


def test_no_line_is_longer_than_130() -> None:
    assert [line for line in TEXT.splitlines() if len(line) > 130] == []
