from __future__ import annotations

import json
import os
from pathlib import Path

from runtime.base import command
from runtime.docker import compose
from tests.support.builders.interpolation import FORMS, VARIABLES

TIMEOUT_SECONDS = 60.0


def resolved_by_compose(directory: Path, texts: list[str]) -> list[str] | None:
    """Return what Compose makes of some texts; None if it refuses the file."""
    file = directory / "compose.yaml"
    value = {"services": {"a": {"image": "x", "environment": {f"V{n}": text for n, text in enumerate(texts)}}}}
    file.write_text(json.dumps(value))
    result = command.run(
        (*compose.BINARY, "--env-file", "/dev/null", "--file", str(file), "config", "--format", "json"),
        timeout=TIMEOUT_SECONDS,
        environment={"PATH": os.environ["PATH"], **VARIABLES},
        clear_env=True,
    )
    if not result.ok:
        return None
    environment = json.loads(result.out)["services"]["a"]["environment"]
    # What it prints can be read again: a dollar sign is written twice.
    return [environment[f"V{n}"].replace("$$", "$") for n in range(len(texts))]


def test_interpolation_forms_resolved_by_compose(tmp_path: Path) -> None:
    valid = [(text, value) for text, value in FORMS if value is not None]
    assert resolved_by_compose(tmp_path, [text for text, _ in valid]) == [value for _, value in valid]
    refused = [text for text, value in FORMS if value is None]
    assert [text for text in refused if resolved_by_compose(tmp_path, [text]) is not None] == []
