"""The man page in the programs that show it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "packaging" / "share" / "man" / "man1" / "shoestring.1"


@pytest.mark.parametrize(
    "command",
    [
        ("man", "--warnings", "--encoding=UTF-8", "--local-file", PAGE),
        ("mandoc", "-T", "lint", "-W", "warning", PAGE),
    ],
    ids=["man", "mandoc"],
)
def test_page_without_a_warning(command: tuple[str | Path, ...]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert "mandoc:" not in result.stdout
