"""What the configuration depends on: settings, secrets, application files, templates, and the files they name."""

from __future__ import annotations

import hashlib
import os

from runtime.base import light_inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from runtime.base.light_inputs import Place


class ConfigInputs(light_inputs.Part):
    """The files that users edit, and the last valid copies of application files."""

    name = "config"

    def inputs(self, place: Place) -> Iterator[bytes]:
        """Yield conf/ by content."""
        yield from light_inputs.by_content(f"{place.root}/conf")
        yield from light_inputs.by_stat(place.generated("accepted"))

    def is_recorded(self, place: Place, recorded: Any) -> bool:
        """Return whether the files that application files name have the content of `recorded`; see `digests`."""
        return bool(recorded == digests(path for path, _ in recorded))


def digests(paths: Iterable[str]) -> list[list[str]]:
    """Return pairs of a file and a digest of its content, for files anywhere; a missing one counts as empty."""
    found = []
    for path in paths:
        content = b""
        if os.path.isfile(path):
            with open(path, "rb") as file:
                content = file.read()
        found.append([path, hashlib.sha256(content).hexdigest()])
    return found
