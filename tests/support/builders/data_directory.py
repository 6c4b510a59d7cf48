"""Data directories of tests: their settings, their git repository and all their files."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

from runtime.base.paths import Paths
from runtime.config.settings import Settings

SETTINGS = Settings(domain="example.com", email="ops@example.com")


def git(paths: Paths, *arguments: str) -> str:
    """Return what git prints about conf/ of a data directory."""
    command = ("git", "-c", "safe.directory=*", "-C", str(paths.conf), *arguments)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def tree(root: Path) -> dict[str, tuple[str, bytes]]:
    """Return mode and content of all files and folders, without git's own."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if not name.startswith("conf/.git/"):
            found[name] = (stat.filemode(path.stat().st_mode), path.read_bytes() if path.is_file() else b"")
    return found
