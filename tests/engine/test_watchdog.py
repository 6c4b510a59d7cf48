"""Runs of the watchdog on an unchanged instance."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from requests import PreparedRequest, Response

from runtime.base import files
from runtime.reconcile.watchdog import watch
from tests.support.engine import Instance


def test_start_serves_applications(served: Instance) -> None:
    assert served.get("a.example.test").body == "a\n"
    assert served.get("b.example.test").body == "b\n"


def test_watchdog_unchanged_sends_one_request(served: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    before = served.containers()
    asked: list[str] = []
    api = served.cluster.client.api
    send = api.send

    def count(request: PreparedRequest, **options: Any) -> Response:
        asked.append(str(request.url))
        return send(request, **options)

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError(f"a run with nothing to do did this: {arguments}")

    run = subprocess.run

    def only_list_rules(argv: tuple[str, ...], **options: Any) -> subprocess.CompletedProcess[str]:
        # The isolation of containers is a table of nftables, which needs nft(8) to be read.
        if argv[0] != "nft" or "list" not in argv:
            refuse(argv)
        return run(argv, **options)

    with monkeypatch.context() as patch:
        patch.setattr(api, "send", count)
        patch.setattr(subprocess, "run", only_list_rules)
        patch.setattr(files, "_replace", refuse)
        assert watch(served.cluster).outcomes == ()
    assert [url.split("/")[-2:] for url in asked if "/containers/json" not in url] == []
    assert len(asked) == 1
    assert served.containers() == before
