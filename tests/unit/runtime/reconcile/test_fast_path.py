"""The fast path: its parts, and when their inputs end it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.base.light_inputs import Part, Place
from runtime.reconcile import fast_path
from runtime.reconcile.parts import PARTS

RUNTIME = Path(__file__).parents[4] / "runtime"
PLANS = re.compile(r"plan|plan_start|plan_stop|difference")


class Kernel(Part):
    """A new part: its input is a variable of the test, and it records a word."""

    name = "kernel"

    def __init__(self) -> None:
        self.state = b"one"
        self.is_broken = False

    def inputs(self, place: Place) -> Iterator[bytes]:
        if self.is_broken:
            raise OSError("the kernel did not answer")
        yield self.state

    def is_recorded(self, place: Place, recorded: Any) -> bool:
        return bool(recorded == "recorded")


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def root(tmp_path: Path, kernel: Kernel) -> Path:
    """A data directory with a snapshot of the one part."""
    save(tmp_path, kernel)
    return tmp_path


def save(root: Path, kernel: Kernel, **more: object) -> None:
    run = str(root / "run")
    snapshot = {
        "run": run,
        "until": time.time() + 60,
        "inputs": fast_path.inputs(Place(str(root), run), (kernel,)),
        "recorded": {"kernel": "recorded"},
    }
    (root / "generated").mkdir(exist_ok=True)
    (root / "generated" / fast_path.SNAPSHOT).write_text(json.dumps({**snapshot, **more}))


def test_is_unchanged_while_all_parts_are_as_saved(root: Path, kernel: Kernel) -> None:
    assert fast_path.is_unchanged(str(root), (kernel,))


def test_is_unchanged_false_after_changed_input(root: Path, kernel: Kernel) -> None:
    kernel.state = b"two"
    assert not fast_path.is_unchanged(str(root), (kernel,))


def test_is_unchanged_false_with_new_part(root: Path, kernel: Kernel) -> None:
    class Empty(Part):
        name = "empty"

    assert not fast_path.is_unchanged(str(root), (kernel, Empty()))


@pytest.mark.parametrize("recorded", [{"kernel": "other"}, {}])
def test_is_unchanged_false_with_other_record(root: Path, kernel: Kernel, recorded: dict[str, str]) -> None:
    save(root, kernel, recorded=recorded)
    assert not fast_path.is_unchanged(str(root), (kernel,))


def test_is_unchanged_false_after_its_time(root: Path, kernel: Kernel) -> None:
    save(root, kernel, until=time.time() - 1)
    assert not fast_path.is_unchanged(str(root), (kernel,))


def test_inputs_of_unreadable_part_are_empty(root: Path, kernel: Kernel) -> None:
    kernel.is_broken = True
    assert fast_path.inputs(Place(str(root), ""), (kernel,)) == ""
    assert not fast_path.is_unchanged(str(root), (kernel,))


def test_is_unchanged_ignores_snapshot_of_previous_version(root: Path, kernel: Kernel) -> None:
    (root / "generated" / fast_path.SNAPSHOT).rename(root / "generated" / fast_path.OLD_SNAPSHOT)
    assert not fast_path.is_unchanged(str(root), (kernel,))


def folders_that_plan() -> set[str]:
    """Return the folders with a function that plans changes, or that finds the difference a change is made of."""
    return {
        path.relative_to(RUNTIME).parts[0]
        for path in RUNTIME.glob("*/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and PLANS.fullmatch(node.name)
    }


def test_parts_list_all_folders_that_plan() -> None:
    assert {"certificates", "core", "firewall", "proxy", "reconcile"} <= folders_that_plan()
    assert folders_that_plan() <= {each.name for each in PARTS}


def test_parts_list_all_light_inputs() -> None:
    folders = {path.parent.name for path in RUNTIME.glob("*/**/light_inputs.py")} - {"base"}
    assert sorted(each.name for each in PARTS) == sorted(folders)
    for each in PARTS:
        assert type(each).__module__.split(".")[1] == each.name


@pytest.mark.processes
def test_parts_import_nothing_large() -> None:
    code = "import runtime.reconcile.parts, sys; print(*sys.modules)"
    out = subprocess.run((sys.executable, "-S", "-c", code), capture_output=True, text=True, check=True).stdout
    assert not set(out.split()) & {"typing", "pathlib", "dataclasses", "subprocess", "yaml", "docker", "runtime.cli"}
