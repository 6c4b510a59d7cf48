"""The appliance has the packages of pyproject.toml, in the versions that were tested."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ADVICE = "make both locks afresh with: tests/run.sh lock"


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+==[^ ;]+)", lock.read_text(), re.MULTILINE))


def test_the_lock_of_the_appliance_is_a_part_of_the_tests_lock() -> None:
    untested = pins(ROOT / "packaging/appliance/requirements.lock") - pins(ROOT / "tests/requirements.lock")
    assert untested == set(), ADVICE


def test_the_lock_of_the_appliance_has_all_that_is_needed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0].lower() for each in project["dependencies"]}
    locked = {pin.split("==")[0] for pin in pins(ROOT / "packaging/appliance/requirements.lock")}
    assert needed <= locked, ADVICE
