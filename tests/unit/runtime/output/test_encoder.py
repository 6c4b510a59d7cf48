from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.output.encoder import JSON_VERSION, as_json


@dataclass(frozen=True)
class Answer:
    path: Path
    when: datetime
    names: frozenset[str]


def test_as_json_has_version_and_plain_values() -> None:
    when = datetime(2026, 1, 10, 12, tzinfo=UTC)
    assert json.loads(as_json(answer=Answer(Path("/srv"), when, frozenset("ba")))) == {
        "version": JSON_VERSION,
        "answer": {"path": "/srv", "when": "2026-01-10T12:00:00Z", "names": ["a", "b"]},
    }


def test_as_json_refuses_unknown_type() -> None:
    with pytest.raises(TypeError, match="object has no form in JSON"):
        as_json(answer=object())
