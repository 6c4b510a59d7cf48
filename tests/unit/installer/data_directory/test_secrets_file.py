"""Passwords go into conf/secrets.yaml, and nothing else in it changes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from installer.data_directory import secrets_file
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.config import secrets

MINE = """\
# mine
TOKEN: abc   # of the shop
MULTI: |
  one
  two

# last
PIN: 1234
"""


def write(paths: Paths, text: str, mode: int = 0o600) -> None:
    paths.secrets.write_text(text)
    paths.secrets.chmod(mode)


def test_a_password_has_32_letters_and_digits() -> None:
    made = {secrets_file.new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(each) == 32 and each.isascii() and each.isalnum() for each in made)


def test_the_file_is_made_with_its_mode(paths: Paths) -> None:
    secrets_file.add(paths, {"A": "1"})
    assert stat.S_IMODE(paths.secrets.stat().st_mode) == 0o600
    assert secrets.load(paths.secrets) == {"A": "1"}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", MINE, MINE.rstrip("\n")])
def test_what_is_there_stays_as_it_is(paths: Paths, text: str) -> None:
    write(paths, text)
    before = secrets.load(paths.secrets)
    secrets_file.add(paths, {"NEW": "00123", "OTHER": "1e5"})
    assert paths.secrets.read_text().startswith(text)
    assert secrets.load(paths.secrets) == {**before, "NEW": "00123", "OTHER": "1e5"}


def test_adding_and_removing_leaves_the_file_as_it_was(paths: Paths) -> None:
    write(paths, MINE)
    secrets_file.add(paths, {"NEW": "x", "OTHER": "y"})
    assert secrets_file.remove(paths, ("NEW", "OTHER", "NEVER")) == ("NEW", "OTHER")
    assert paths.secrets.read_text() == MINE
    assert secrets_file.remove(paths, ("NEW",)) == ()


def test_a_value_of_several_lines_can_be_removed(paths: Paths) -> None:
    write(paths, 'A: "1"\nB: "one\n  two"\nC: "3"\n')
    secrets_file.remove(paths, ("B",))
    assert paths.secrets.read_text() == 'A: "1"\nC: "3"\n'


@pytest.mark.parametrize("text", ["{A: b}\n", "A: b\n...\n", "A: |\n  b\n..."])
def test_a_form_that_cannot_be_edited_is_told_and_left(paths: Paths, text: str) -> None:
    write(paths, text)
    with pytest.raises(ShoestringError, match=r"secrets\.yaml cannot be edited .* Add NEW by hand") as error:
        secrets_file.add(paths, {"NEW": "hidden"})
    assert "hidden" not in str(error.value)
    assert paths.secrets.read_text() == text


def test_a_flow_mapping_is_left_to_its_person(paths: Paths) -> None:
    write(paths, "{A: b}\n")
    with pytest.raises(ShoestringError, match="Remove A by hand"):
        secrets_file.remove(paths, ("A",))


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o600), (0o640, 0o640), (0o666, 0o640), (0o400, 0o600)])
def test_nobody_else_may_read_it(paths: Paths, before: int, after: int) -> None:
    write(paths, MINE, before)
    secrets_file.add(paths, {"NEW": "x"})
    assert stat.S_IMODE(paths.secrets.stat().st_mode) == after


def test_a_link_stays_a_link(paths: Paths, tmp_path: Path) -> None:
    elsewhere = tmp_path / "kept.yaml"
    elsewhere.write_text(MINE)
    paths.secrets.symlink_to(elsewhere)
    secrets_file.add(paths, {"NEW": "x"})
    assert paths.secrets.is_symlink()
    assert secrets.load(elsewhere)["NEW"] == "x"


def test_only_what_is_missing_is_made(paths: Paths) -> None:
    write(paths, MINE)
    assert secrets_file.missing(paths, ("TOKEN", "NEW", "NEW")) == ("NEW",)
