"""Errors in the engine's streams, as engines before and since API 1.52 report them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from docker.errors import ImageNotFound
from requests import Response

from installer.images import BuildError, PullError, build, pull
from installer.images.progress import EngineRefusalError
from installer.images.stream import check_text, checked
from runtime.docker.images import HAPROXY, local_name

if TYPE_CHECKING:
    from docker import DockerClient

MESSAGE = "manifest for example.com/app:1 not found"
NEW = {"errorDetail": {"message": MESSAGE}}
NOT_FOUND = Response()
NOT_FOUND.status_code = 404
OLD = {**NEW, "error": MESSAGE}


def fake_client(events: Iterable[dict[str, Any]], missing: str = "") -> DockerClient:
    """An engine that has every image but the missing one, and answers pulls and builds with these events."""

    def get(name: str) -> SimpleNamespace:
        if name == missing:
            raise ImageNotFound("no such image", NOT_FOUND)
        return SimpleNamespace(attrs={"Size": 1, "RootFS": {}})

    api = SimpleNamespace(pull=lambda *_, **__: iter(events), build=lambda *_, **__: iter(events))
    return cast("DockerClient", SimpleNamespace(api=api, images=SimpleNamespace(get=get)))


@pytest.mark.parametrize("event", [OLD, NEW, {"error": MESSAGE}], ids=["both", "errorDetail", "error"])
def test_checked_raises_at_error(event: dict[str, Any]) -> None:
    events = checked([{"status": "Pulling"}, event])
    assert next(events) == {"status": "Pulling"}
    with pytest.raises(EngineRefusalError, match=f"^{MESSAGE}$"):
        next(events)


def test_checked_has_exit_code_of_build_step() -> None:
    with pytest.raises(EngineRefusalError, match="a step of it ended with exit code 7"):
        list(checked([{"errorDetail": {"code": 7, "message": "The command '/bin/sh -c x' returned"}}]))


def test_check_text_reads_all_lines() -> None:
    lines = ({"status": "Importing"}, NEW)
    check_text(json.dumps(lines[0]))
    with pytest.raises(EngineRefusalError, match=MESSAGE):
        check_text("\r\n".join(json.dumps(line) for line in lines))


@pytest.mark.parametrize("event", [OLD, NEW], ids=["old", "new"])
def test_pull_of_fake_engine_that_fails_raises(event: dict[str, Any]) -> None:
    with pytest.raises(PullError, match=MESSAGE):
        pull(fake_client([event]), ("example.com/app:1",))


@pytest.mark.parametrize("event", [OLD, NEW], ids=["old", "new"])
def test_build_of_fake_engine_that_fails_raises(event: dict[str, Any]) -> None:
    with pytest.raises(BuildError, match=MESSAGE):
        build(fake_client([event], local_name(HAPROXY)), (HAPROXY,))
