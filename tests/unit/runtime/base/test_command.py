from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runtime.base import command
from runtime.base.command import CommandError
from runtime.base.errors import ShoestringError

pytestmark = pytest.mark.processes


def test_run_returns_output_and_exit_code() -> None:
    result = command.run(("sh", "-c", "echo out; echo err >&2; exit 3"))
    assert (result.code, result.out, result.err, result.ok) == (3, "out\n", "err\n", False)


def test_check_failure_has_command_and_last_lines() -> None:
    with pytest.raises(CommandError, match="exit code 3") as error:
        command.check(("sh", "-c", "seq 1 100 >&2; exit 3"))
    assert str(error.value).endswith("\n99\n100")
    assert "\n50\n" not in str(error.value)


def test_run_masks_secrets() -> None:
    result = command.run(
        ("sh", "-c", 'echo "$P"; echo "x${P}x" >&2'), environment={"P": "hunter2"}, secrets=("hunter2",)
    )
    assert (result.out, result.err) == ("***\n", "x***x\n")


def test_run_with_clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_FILE", "elsewhere")
    added = command.run(("env",), environment={"A": "1"}).out.splitlines()
    assert {"COMPOSE_FILE=elsewhere", "A=1"} <= set(added)
    bare = command.run(("/usr/bin/env",), environment={"A": "1"}, clear_env=True).out.splitlines()
    assert "COMPOSE_FILE=elsewhere" not in bare
    assert "A=1" in bare


def test_run_missing_program_and_timeout() -> None:
    with pytest.raises(ShoestringError, match="no-such-program is not installed"):
        command.run(("no-such-program",))
    with pytest.raises(ShoestringError, match=r"sleep 60 did not end within 0 s"):
        command.run(("sleep", "60"), timeout=0.1)


def test_pipe_copies_all_and_reports_progress() -> None:
    counts: list[int] = []
    source, target = command.pipe(("head", "-c", "3000000", "/dev/zero"), ("sh", "-c", "wc -c >&2"), counts.append)
    assert (source.ok, target.ok, target.err.strip()) == (True, True, "3000000")
    assert counts == sorted(counts)
    assert counts[-1] == 3_000_000


def test_pipe_reports_which_side_failed() -> None:
    source, target = command.pipe(("sh", "-c", "echo half; echo broken >&2; exit 4"), ("cat",))
    assert (source.code, source.err, target.ok) == (4, "broken\n", True)
    source, target = command.pipe(("cat", "/dev/zero"), ("sh", "-c", "exit 5"))
    assert (source.ok, target.code) == (False, 5)


def test_pipe_interrupted_leaves_no_process() -> None:
    def interrupt(_count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        command.pipe(("cat", "/dev/zero"), ("sh", "-c", "head -c 300000 >/dev/null; exec sleep 1000"), interrupt)
    with pytest.raises(ShoestringError, match="no-such-program is not installed"):
        command.pipe(("cat", "/dev/zero"), ("no-such-program",))


def test_exec_replace_runs_program_in_this_process() -> None:
    code = "from runtime.base import command; command.exec_replace(('sh', '-c', 'cat; exit 7'))"
    result = command.run((sys.executable, "-c", code), stdin="typed", directory=Path(__file__).parents[4])
    assert (result.code, result.out) == (7, "typed")
    with pytest.raises(ShoestringError, match="no-such-program is not installed"):
        command.exec_replace(("no-such-program",))
