"""A failing garbage collection."""

from __future__ import annotations

import pytest

from installer.services.registry_docker import gc
from installer.services.registry_docker.gc import SCRIPT, collection
from runtime.base.errors import ShoestringError
from tests.support.builders.commands import answering
from tests.support.builders.services import CLUSTER


def test_run_failure_has_last_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, 1, "", "first\nsecond\n")
    inspected = {"Config": {}, "Id": "1", "Image": "registry"}
    with pytest.raises(ShoestringError, match="Try again: shoestring registry gc\nfirst\nsecond"):
        gc._run(CLUSTER, inspected)


def test_gc_argv_runs_as_registry() -> None:
    config = {"User": "5000:5000", "Cmd": ["/etc/registry.yml"], "Env": ["REGISTRY_HTTP_SECRET=hidden", "PATH=/bin"]}
    line = collection("one_registry-gc", "one", {"Id": "abc", "Image": "sha256:1", "Config": config})
    text = " ".join(line)
    assert "--user 5000:5000 --volumes-from abc --env REGISTRY_HTTP_SECRET --entrypoint sh sha256:1" in text
    assert line[-3:] == (SCRIPT, "registry-gc", "/etc/registry.yml")
    assert "hidden" not in text
