"""A failing garbage collection."""

from __future__ import annotations

import pytest

from installer.services.registry_docker import gc
from runtime.base.errors import ShoestringError
from tests.support.builders.commands import answering
from tests.support.builders.services import CLUSTER


def test_run_failure_has_last_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, 1, "", "first\nsecond\n")
    inspected = {"Config": {}, "Id": "1", "Image": "registry"}
    with pytest.raises(ShoestringError, match="Try again: shoestring registry gc\nfirst\nsecond"):
        gc._run(CLUSTER, inspected)
