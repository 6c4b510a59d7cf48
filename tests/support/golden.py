"""Golden files: generated text, stored beside the tests so that each change shows in git."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

OPTION = "--regenerate"
COMMAND = f"tests/run.sh golden -- {OPTION}"


@dataclass(frozen=True)
class Golden:
    """Compares generated text with golden files, or writes them with `regenerate`."""

    regenerate: bool

    def check(self, file: Path, made: str) -> None:
        """Fail if a file is missing or has another text, with the command that writes it."""
        if self.regenerate:
            file.write_text(made, encoding="utf-8")
        assert file.is_file(), f"{file} is missing. Write it with: {COMMAND}"
        assert made == file.read_text(encoding="utf-8"), f"{file} is stale. Write it with: {COMMAND}"

    def check_folder(self, folder: Path, names: Collection[str]) -> None:
        """Fail if a folder has a file that is no longer generated."""
        stale = [file for file in folder.iterdir() if file.name not in names]
        if self.regenerate:
            for file in stale:
                file.unlink()
            return
        assert not stale, f"nothing makes {', '.join(map(str, stale))} any more. Remove with: {COMMAND}"
