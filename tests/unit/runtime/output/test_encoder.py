from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.output.encoder import JSON_VERSION, emit, result_json, values


@dataclass(frozen=True)
class Inner:
    from_: str | None


@dataclass(frozen=True)
class Result:
    path: Path
    when: datetime
    names: frozenset[str]
    inner: tuple[Inner, ...]


@dataclass(frozen=True)
class Unknown:
    what: object


RESULT = Result(Path("/srv"), datetime(2026, 1, 10, 12, tzinfo=UTC), frozenset("ba"), (Inner(None),))


def test_result_json_has_version_and_plain_values() -> None:
    text = result_json(RESULT)
    assert json.loads(text) == {
        "version": JSON_VERSION,
        "path": "/srv",
        "when": "2026-01-10T12:00:00Z",
        "names": ["a", "b"],
        "inner": [{"from": None}],
    }
    assert next(iter(json.loads(text))) == "version"


def test_result_json_refuses_what_has_no_form() -> None:
    with pytest.raises(TypeError, match="object has no form in JSON"):
        result_json(Unknown(object()))


def test_values_are_fields_by_name() -> None:
    assert values(Inner("a")) == {"from_": "a"}


@pytest.mark.parametrize(
    ("as_json", "lines", "printed"),
    [
        (True, ("a", "b"), result_json(RESULT) + "\n"),
        (False, ("a", "b"), "a\nb\n"),
        (False, (), ""),
    ],
)
def test_emit_prints_requested_form(
    as_json: bool, lines: tuple[str, ...], printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    emit(as_json, RESULT, lines)
    assert capsys.readouterr().out == printed
