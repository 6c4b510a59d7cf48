from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from runtime.config import referenced_files

TEXT = """
include: [other.yaml, {path: [one.yaml, two.yaml]}]
services:
  a: {env_file: a.env, extends: {file: base.yaml, service: x}}
  b: {env_file: [{path: b.env, required: false}, /etc/c.env], label_file: labels}
  c: {env_file: "${DATA_BASE_PATH}/d.env"}
  d: {env_file: "${UNKNOWN}/e.env"}
  e: 5
configs: {c: {file: ./nginx.conf}, d: {content: text}}
secrets: {s: {file: secret.txt}, t: {environment: X}}
"""


def test_files_that_compose_reads() -> None:
    found = referenced_files.files(yaml.safe_load(TEXT), Path("/conf"), {"DATA_BASE_PATH": "/data"})
    assert {str(path) for path in found} == {
        *("/conf/other.yaml", "/conf/one.yaml", "/conf/two.yaml", "/conf/a.env", "/conf/base.yaml", "/conf/b.env"),
        *("/etc/c.env", "/conf/labels", "/data/d.env", "/conf/nginx.conf", "/conf/secret.txt"),
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("$DB_FILE", ["/conf/real.env"]),
        ("${DB_FILE}", ["/conf/real.env"]),
        ("${MISSING:-other.env}", ["/conf/other.env"]),
        ("${MISSING-${DB}/x.env}", ["/conf/db/x.env"]),
        ("a$$b.env", ["/conf/a$b.env"]),
        ("${MISSING}", []),
        ("${", []),
    ],
)
def test_files_interpolates_as_compose_does(name: str, expected: list[str]) -> None:
    value = {"services": {"a": {"env_file": name}}}
    found = referenced_files.files(value, Path("/conf"), {"DB": "db", "DB_FILE": "real.env"})
    assert [str(path) for path in found] == expected


def test_files_of_invalid_forms_is_empty() -> None:
    invalid = {"include": 5, "services": [1], "configs": ["a"], "secrets": {"s": None}}
    assert referenced_files.files(invalid, Path("/conf"), {}) == ()


def test_contents_of_unreadable_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    (tmp_path / "d").mkdir()
    paths = (tmp_path / "a", tmp_path / "d", tmp_path / "none")
    assert referenced_files.contents(paths) == (b"one", b"", b"")
