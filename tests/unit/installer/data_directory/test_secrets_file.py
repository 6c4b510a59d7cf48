"""Adding passwords to conf/secrets.yaml without changing anything else in it."""

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


def test_new_password_has_32_letters_and_digits() -> None:
    made = {secrets_file.new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(each) == 32 and each.isascii() and each.isalnum() for each in made)


def test_add_creates_private_file(paths: Paths) -> None:
    secrets_file.add(paths, {"A": "1"})
    assert stat.S_IMODE(paths.secrets.stat().st_mode) == 0o600
    assert secrets.load(paths.secrets) == {"A": "1"}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", MINE, MINE.rstrip("\n")])
def test_add_keeps_existing_text(paths: Paths, text: str) -> None:
    write(paths, text)
    before = secrets.load(paths.secrets)
    secrets_file.add(paths, {"NEW": "00123", "OTHER": "1e5"})
    assert paths.secrets.read_text().startswith(text)
    assert secrets.load(paths.secrets) == {**before, "NEW": "00123", "OTHER": "1e5"}


def test_remove_undoes_add(paths: Paths) -> None:
    write(paths, MINE)
    secrets_file.add(paths, {"NEW": "x", "OTHER": "y"})
    assert secrets_file.remove(paths, ("NEW", "OTHER", "NEVER")) == ("NEW", "OTHER")
    assert paths.secrets.read_text() == MINE
    assert secrets_file.remove(paths, ("NEW",)) == ()


def test_remove_multiline_value(paths: Paths) -> None:
    write(paths, 'A: "1"\nB: "one\n  two"\nC: "3"\n')
    secrets_file.remove(paths, ("B",))
    assert paths.secrets.read_text() == 'A: "1"\nC: "3"\n'


@pytest.mark.parametrize("text", ["{A: b}\n", "A: b\n...\n", "A: |\n  b\n..."])
def test_add_refuses_other_forms(paths: Paths, text: str) -> None:
    write(paths, text)
    with pytest.raises(ShoestringError, match=r"secrets\.yaml cannot be edited .* Add NEW by hand") as error:
        secrets_file.add(paths, {"NEW": "hidden"})
    assert "hidden" not in str(error.value)
    assert paths.secrets.read_text() == text


def test_remove_refuses_flow_mapping(paths: Paths) -> None:
    write(paths, "{A: b}\n")
    with pytest.raises(ShoestringError, match="Remove A by hand"):
        secrets_file.remove(paths, ("A",))


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o600), (0o640, 0o640), (0o666, 0o640), (0o400, 0o600)])
def test_add_restricts_mode(paths: Paths, before: int, after: int) -> None:
    write(paths, MINE, before)
    secrets_file.add(paths, {"NEW": "x"})
    assert stat.S_IMODE(paths.secrets.stat().st_mode) == after


def test_add_keeps_symbolic_link(paths: Paths, tmp_path: Path) -> None:
    elsewhere = tmp_path / "kept.yaml"
    elsewhere.write_text(MINE)
    paths.secrets.symlink_to(elsewhere)
    secrets_file.add(paths, {"NEW": "x"})
    assert paths.secrets.is_symlink()
    assert secrets.load(elsewhere)["NEW"] == "x"


def test_missing_names(paths: Paths) -> None:
    write(paths, MINE)
    assert secrets_file.missing(paths, ("TOKEN", "NEW", "NEW")) == ("NEW",)
