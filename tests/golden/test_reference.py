"""The reference pages are what the declarations say; write them again with: tests/run.sh golden -- --regenerate"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from installer.cli import json_reference, reference
from tests.support.golden import Golden

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "page"), [("settings.md", reference.settings_page), ("commands.md", reference.commands_page)]
)
def test_the_page_is_not_stale(golden: Golden, name: str, page: Callable[[], str]) -> None:
    golden.check(DOCS / name, page())


def test_the_sections_of_json_answers_are_not_stale(golden: Golden) -> None:
    page = DOCS / "json.md"
    golden.check(page, json_reference.page(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("kind", json_reference.SECTIONS.values())
def test_a_section_has_every_key_of_the_result(kind: type) -> None:
    keys = {line.split("`")[1].rstrip("[]") for line in json_reference.table(kind).splitlines()[2:]}
    assert {item.name for item in fields(kind)} <= keys
