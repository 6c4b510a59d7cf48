"""The engine's stream of a pull, a build or an import."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from installer.images.progress import EngineRefusalError, one_line


def checked(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream, whose HTTP status is 200 also if the request fails later.

    Raises EngineRefusalError at the first that reports an error: in `errorDetail`, before API 1.52 also in `error`.
    """
    for event in events:
        detail = event.get("errorDetail") or {}
        if detail or "error" in event:
            code = detail.get("code")
            reason = str(detail.get("message") or event.get("error") or "unknown error")
            raise EngineRefusalError(f"a step of it ended with exit code {code}" if code else one_line(reason))
        yield event


def check_text(stream: str) -> None:
    """Check a stream that was read to its end, one JSON object a line. Raises EngineRefusalError."""
    for _ in checked(json.loads(line) for line in stream.splitlines() if line.startswith("{")):
        pass
