"""How long a command takes to start, against importing Typer alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bench.measure import medians, table
from tests.support.engine import Instance, new_settings

ROUNDS = 21
ALTERNATIVE = "python -c 'import typer'"


@pytest.fixture
def data_directory(tmp_path: Path) -> Iterator[Path]:
    """A data directory whose proxies run."""
    made = Instance(tmp_path / "data-directory", new_settings())
    try:
        assert made.start().ok
        yield made.paths.root
    finally:
        made.close()


def test_startup_time_of_commands(data_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = sys.executable
    shoestring = str(Path(python).parent / "shoestring")
    commands = {
        ALTERNATIVE: (python, "-c", "import typer"),
        "shoestring --help": (shoestring, "--help"),
        "shoestring status": (shoestring, "status"),
        "python -m runtime --help": (python, "-m", "runtime", "--help"),
        "python -m runtime status": (python, "-m", "runtime", "status"),
    }
    measured = medians(commands, ROUNDS, {**os.environ, "SHOESTRING_DATA_DIRECTORY": str(data_directory)})
    with capsys.disabled():
        print(f"\n{table(measured, ALTERNATIVE)}")
    assert measured["shoestring --help"] <= 2 * measured[ALTERNATIVE]
    assert measured["python -m runtime --help"] <= measured[ALTERNATIVE]
