from __future__ import annotations

import pytest

from installer.cli.frame import emit


@pytest.mark.parametrize(("json", "printed"), [(True, "{}\n"), (False, "a\nb\n")])
def test_emit_renders_only_the_requested_format(json: bool, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    made: list[str] = []

    def answer() -> str:
        made.append("answer")
        return "{}"

    def lines() -> list[str]:
        made.append("lines")
        return ["a", "b"]

    emit(json, answer, lines)
    assert capsys.readouterr().out == printed
    assert made == (["answer"] if json else ["lines"])
