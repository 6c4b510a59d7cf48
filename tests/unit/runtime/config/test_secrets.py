from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base.errors import SettingsError
from runtime.config import secrets


def test_load_returns_values_as_text(tmp_path: Path) -> None:
    file = tmp_path / "secrets.yaml"
    file.write_text("PASSWORD: hunter2\nPORT: 5432\n")
    assert secrets.load(file) == {"PASSWORD": "hunter2", "PORT": "5432"}
    assert secrets.load(tmp_path / "none.yaml") == {}


@pytest.mark.parametrize("text", ["a-b: x\n", "A: true\n", "A: [x]\n", "A:\n", "A: [\n"])
def test_load_refuses_invalid_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secrets.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError):
        secrets.load(file)


def test_used_returns_referenced_variables() -> None:
    variables = {"A": "1", "B": "2", "C": "3", "D": "4"}
    value = {"k": ["$A", "${B:-x}", "$${C}", "$$D"], "${D}": 1}
    assert secrets.used(value, variables) == {"A": "1", "B": "2", "D": "4"}
