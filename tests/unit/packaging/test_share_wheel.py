"""The wheel: one version everywhere, with the man page and the completion where pip and pipx expect them."""

from __future__ import annotations

import email
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from installer.cli import main
from installer.cli.reference import MAN_PAGE

ROOT = Path(__file__).parents[3]
VERSION = str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
SHARED = {
    "bash-completion/completions/shoestring",
    "fish/vendor_completions.d/shoestring.fish",
    "man/man1/shoestring.1",
    "zsh/site-functions/_shoestring",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def test_printed_version_is_that_of_the_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["shoestring", "--version"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert (ended.value.code, capsys.readouterr().out) == (0, f"{VERSION}\n")


@pytest.mark.processes
def test_version_of_the_wheel_is_that_of_the_project(wheel: zipfile.ZipFile) -> None:
    metadata = wheel.read(f"shoestring-{VERSION}.dist-info/METADATA").decode()
    assert email.message_from_string(metadata)["Version"] == VERSION


@pytest.mark.processes
def test_shared_files_of_the_wheel(wheel: zipfile.ZipFile) -> None:
    prefix = f"shoestring-{VERSION}.data/data/share/"
    assert {name.removeprefix(prefix) for name in wheel.namelist() if ".data/" in name} == SHARED
    assert wheel.read(f"{prefix}man/man1/shoestring.1") == (ROOT / MAN_PAGE).read_bytes()


def test_no_module_has_a_version_of_its_own() -> None:
    python = (file for package in ("installer", "runtime") for file in (ROOT / package).rglob("*.py"))
    shell = (ROOT / "packaging").rglob("*.sh")
    assert [str(file) for file in (*python, *shell) if f'"{VERSION}"' in file.read_text(encoding="utf-8")] == []
