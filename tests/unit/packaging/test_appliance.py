"""The appliance has the packages of pyproject.toml in tested versions; its user data are answers of setup."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

from installer.setup import answers
from runtime.base.yaml_documents import KeyPath
from runtime.docker.images import LOCAL

ROOT = Path(__file__).resolve().parents[3]
ADVICE = "make both locks afresh with: tests/run.sh lock"


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+==[^ ;]+)", lock.read_text(), re.MULTILINE))


def test_requirements_lock_is_part_of_tests_lock() -> None:
    untested = pins(ROOT / "packaging/appliance/requirements.lock") - pins(ROOT / "tests/requirements.lock")
    assert untested == set(), ADVICE


def test_requirements_lock_has_all_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0].lower() for each in project["dependencies"]}
    locked = {pin.split("==")[0] for pin in pins(ROOT / "packaging/appliance/requirements.lock")}
    assert needed <= locked, ADVICE


def test_user_data_are_answers(tmp_path: Path) -> None:
    """Without that answer setup would use a registry, which such a machine does not reach."""
    user_data = (ROOT / "packaging/cloud-init/appliance.yaml").read_text()
    line = "images: {source: local}"
    assert user_data.count(f"      # {line}\n") == 1
    file = tmp_path / "answers.yaml"
    cases: tuple[tuple[str, dict[KeyPath, object]], ...] = (
        (user_data, {}),
        (user_data.replace(f"# {line}", line), {("images", "source"): LOCAL}),
    )
    for text, given in cases:
        file.write_text(yaml.safe_load(text)["write_files"][0]["content"])
        expected = {("domain",): "example.com", ("email",): "ops@example.com", **given}
        assert answers.load(file).values == expected
