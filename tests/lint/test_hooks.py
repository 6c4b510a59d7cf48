"""The hooks of .pre-commit-config.yaml find a fault of each kind, and nothing where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECKED = (".ci", ".pre-commit-config.yaml", "packaging", "pyproject.toml", "tests/run.sh", "tests/shellcheck.sh")
# A hook, and a file with a fault that it finds.
FAULTS = {
    "ruff-check": ("runtime/base.py", "import os\n"),
    "ruff-format": ("runtime/base.py", "x = {  }\n"),
    "mypy": ("tests/test_base.py", "def test_base():\n    pass\n"),
    "shellcheck": ("templates/start.sh", "#!/bin/sh\ncd $1\n"),
    "codespell": ("docs/page.md", "It is wrtten.\n"),  # codespell:ignore wrtten
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small repository with the hooks, the environment of the tests, and no fault."""
    for name in CHECKED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    for package in ("installer", "runtime", "tests", "templates", "docs"):
        (tmp_path / package).mkdir(exist_ok=True)
        (tmp_path / package / "__init__.py").write_text(f'"""The package {package}."""\n')
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / ".gitignore").write_text("/.venv\n/.mypy_cache/\n/.ruff_cache/\n/cache/\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    return tmp_path


def git(repository: Path, *arguments: str) -> None:
    subprocess.run(("git", *arguments), cwd=repository, check=True, capture_output=True)


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pre-commit, with its caches in the repository."""
    caches = {
        name: str(repository / "cache" / name) for name in ("PRE_COMMIT_HOME", "MYPY_CACHE_DIR", "RUFF_CACHE_DIR")
    }
    return subprocess.run(
        (sys.executable, "-m", "pre_commit", "run", *arguments),
        cwd=repository,
        env={**os.environ, **caches},
        capture_output=True,
        text=True,
        check=False,
    )


def test_hooks_without_a_fault(repository: Path) -> None:
    result = run(repository, "--all-files")
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("Passed") == len(FAULTS), result.stdout


@pytest.mark.parametrize("hook", FAULTS)
def test_hook_finds_its_fault(repository: Path, hook: str) -> None:
    name, text = FAULTS[hook]
    (repository / name).write_text(text)
    git(repository, "add", "--all")
    result = run(repository, hook, "--all-files")
    assert result.returncode == 1, result.stdout
    assert name in result.stdout


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("proxy: reload once for all changes\n\nWhy it matters.\n", 0),
        ("installer, runtime: move modules\n", 0),
        ("Merge branch 'main'\n", 0),
        ("Reloads the proxy once.\n", 1),
        (f"proxy: {'x' * 66}\n", 1),
        (f"proxy: {'x' * 65}\n", 0),
    ],
    ids=["with a body", "two areas", "a merge", "without an area", "73 characters", "72 characters"],
)
def test_commit_subject(repository: Path, message: str, code: int) -> None:
    file = repository / "message"
    file.write_text(message)
    result = run(repository, "--hook-stage", "commit-msg", "--commit-msg-filename", str(file))
    assert result.returncode == code, result.stdout
