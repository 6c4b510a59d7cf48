"""Run functions of packaging/lib in a shell of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

PACKAGING = Path(__file__).resolve().parents[3] / "packaging"

Shell = Callable[..., subprocess.CompletedProcess[str]]


def shell_in(directory: Path) -> Shell:
    """Return a function that runs a script after all of packaging/lib in `directory`, where its `log` is."""

    def run(script: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        sources = "".join(f". {file}\n" for file in sorted((PACKAGING / "lib").glob("*.sh")))
        return subprocess.run(
            ("bash", "-c", f"set -euo pipefail\n{sources}open_log log\n{script}", "test", *map(str, arguments)),
            cwd=directory,
            env={"PATH": os.environ["PATH"], "HOME": str(directory), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
