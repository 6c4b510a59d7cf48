"""Where tests keep what is expensive to make, from one run to the next: the place that tests/run.sh names too."""

from __future__ import annotations

import os
from pathlib import Path


def _place() -> Path:
    own = os.environ.get("SHOESTRING_TEST_CACHE")
    shared = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(own) if own else Path(shared) / "shoestring-tests"


CACHE = _place()
