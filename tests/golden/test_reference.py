"""The reference pages are what the declarations say; make them again with: python -m installer.cli.reference"""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.cli import reference

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "page"), [("settings.md", reference.settings_page), ("commands.md", reference.commands_page)]
)
def test_the_page_is_not_stale(name: str, page: object) -> None:
    assert callable(page)
    assert (DOCS / name).read_text(encoding="utf-8") == page()
