"""The generated files of the core, as the fast path compares them."""

from __future__ import annotations

from pathlib import Path

from runtime.base.light_inputs import Place
from runtime.core.light_inputs import CoreInputs


def test_inputs_change_with_files(tmp_path: Path) -> None:
    place, file = Place(str(tmp_path), ""), tmp_path / "generated/core.compose.yaml"
    assert tuple(CoreInputs().inputs(place)) == ()
    file.parent.mkdir(parents=True)
    file.touch()
    first = tuple(CoreInputs().inputs(place))
    file.write_text("changed")
    assert first not in ((), tuple(CoreInputs().inputs(place)))
