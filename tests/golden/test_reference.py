"""The reference pages are what the declarations say; write them again with: tests/run.sh golden -- --regenerate"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from installer.cli import json_reference, reference
from tests.support.golden import Golden

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("settings.md", reference.settings_page),
        ("commands.md", reference.commands_page),
        ("json.md", json_reference.page),
    ],
)
def test_page_is_current(golden: Golden, name: str, page: Callable[[], str]) -> None:
    golden.check(DOCS / name, page())


def test_man_page_is_current(golden: Golden) -> None:
    golden.check(ROOT / reference.MAN_PAGE, reference.manual((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")))
