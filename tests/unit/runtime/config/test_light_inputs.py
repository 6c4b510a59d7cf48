"""The configuration as the fast path compares it."""

from __future__ import annotations

from pathlib import Path

from runtime.base.light_inputs import Place
from runtime.base.paths import Paths, Side
from runtime.config import light_inputs
from runtime.config.light_inputs import ConfigInputs


def test_inputs_change_with_conf_and_accepted_files(paths: Paths) -> None:
    place, part = Place(str(paths.root), ""), ConfigInputs()
    seen = [tuple(part.inputs(place))]
    accepted = paths.accepted(Side.PUBLIC, "a")
    accepted.parent.mkdir(parents=True)
    for file in (paths.settings, paths.applications(Side.PUBLIC) / "a.yaml", accepted):
        file.write_text("a: 1\n")
        seen.append(tuple(part.inputs(place)))
    assert len(set(seen)) == 4


def test_is_recorded_compares_named_files(tmp_path: Path) -> None:
    file, missing = tmp_path / "a.env", tmp_path / "none.env"
    file.write_text("A=1")
    recorded = light_inputs.digests((str(file), str(missing)))
    part, place = ConfigInputs(), Place(str(tmp_path), "")
    assert part.is_recorded(place, recorded)
    file.write_text("A=2")
    assert not part.is_recorded(place, recorded)
    file.write_text("A=1")
    missing.write_text("B=1")
    assert not part.is_recorded(place, recorded)
