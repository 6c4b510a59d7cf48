from __future__ import annotations

import os
from pathlib import Path

import pytest

from installer.data_directory import secrets_file
from installer.services import htpasswd
from installer.services.htpasswd import HtpasswdFile
from runtime.base.errors import UsageError


@pytest.fixture
def users(tmp_path: Path) -> HtpasswdFile:
    return HtpasswdFile(tmp_path / "htpasswd", os.getgid())


def put(users: HtpasswdFile, name: str) -> None:
    users.put(name, htpasswd.hashed("of-this-test"))


def test_knows_user_by_password(users: HtpasswdFile) -> None:
    put(users, "anna")
    assert users.names == ("anna",)
    assert users.knows("anna", "of-this-test")
    assert not users.knows("anna", "of-this-test-x")
    assert not users.knows("berta", "of-this-test")
    assert "of-this-test" not in users.file.read_text()
    assert users.file.stat().st_mode & 0o777 == 0o640


def test_remove_one_user(users: HtpasswdFile) -> None:
    put(users, "anna")
    put(users, "anna.b")
    assert users.remove("anna")
    assert not users.remove("anna")
    assert users.names == ("anna.b",)


def test_put_keeps_other_lines(users: HtpasswdFile) -> None:
    users.file.write_text("# ours\nold:$2y$05$abc\n\nbroken\n")
    put(users, "anna")
    assert users.file.read_text().startswith("# ours\nold:$2y$05$abc\n\nbroken\nanna:$2b$")
    assert users.names == ("old", "anna")
    assert not users.knows("old", "any")


@pytest.mark.parametrize("name", ["", "a:b", "a b", "-a", "a\nb", "ä", "a" * 65, "a/b"])
def test_checked_name_refuses(name: str) -> None:
    with pytest.raises(UsageError):
        htpasswd.checked_name(name)


@pytest.mark.parametrize("password", ["short", "a" * 73, "ä" * 37, "line\nline-line", "tab\tpassword"])
def test_checked_password_refuses(password: str) -> None:
    with pytest.raises(UsageError):
        htpasswd.checked_password(password)


def test_hashed_cost_by_kind_of_password() -> None:
    assert htpasswd.hashed(secrets_file.new_password()).startswith("$2b$05$")
    assert htpasswd.hashed("correct horse battery").startswith("$2b$10$")
