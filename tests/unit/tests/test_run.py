"""tests/run.sh: its arguments to pytest, and the packages that it installs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

RUN = Path(__file__).parents[2] / "run.sh"


def words_of(tmp_path: Path, script: str) -> list[str]:
    """Return the words that a script prints after sourcing tests/run.sh; its Python prints its arguments."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    python.chmod(0o755)
    result = subprocess.run(
        ["bash", "-c", f". {RUN}\nVENV={tmp_path} CACHE={tmp_path}\n{script}"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return result.stdout.split()


@pytest.mark.parametrize("part", ["unit", "engine", "services", "install", "vm"])
def test_run_tests_given_number_of_workers_is_last(tmp_path: Path, part: str) -> None:
    words = words_of(tmp_path, f"run_tests {part} -n 7 -k name")
    assert words[-4:] == ["-n", "7", "-k", "name"]
    assert "--numprocesses" in words[:-4]
    assert f"tests/{part}" in words


def test_run_tests_part_with_one_worker(tmp_path: Path) -> None:
    words = words_of(tmp_path, "run_tests golden")
    assert not {"--numprocesses", "-n"} & set(words)


def test_install_test_tools_installs_missing_commands(tmp_path: Path) -> None:
    script = """
    has() { return 1; }
    install_packages() { printf '%s\\n' "$@"; }
    begin() { :; }
    done_with() { :; }
    install_test_tools
    """
    assert {"e2fsprogs", "iptables", "firewalld", "tmux", "openssl"} <= set(words_of(tmp_path, script))
