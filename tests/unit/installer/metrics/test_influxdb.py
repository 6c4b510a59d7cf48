"""Failing queries to InfluxDB."""

from __future__ import annotations

import re

import pytest

from installer.metrics import influxdb
from runtime.base.errors import ShoestringError
from tests.support.builders.commands import answering
from tests.support.builders.services import CLUSTER


@pytest.mark.parametrize(
    ("out", "err", "message"),
    [
        ("", "Failed to connect to http://localhost:8086\n", "InfluxDB gave no answer: Failed to connect to "),
        ('{"results": [{"error": "no such user"}]}', "", "InfluxDB refused a query: no such user. "),
    ],
)
def test_ask_failure(monkeypatch: pytest.MonkeyPatch, out: str, err: str, message: str) -> None:
    monkeypatch.setattr(influxdb, "_container", lambda _: "shoestring_influxdb-application-1")
    answering(monkeypatch, 1, out, err)
    with pytest.raises(ShoestringError, match=re.escape(message)) as error:
        influxdb.ask(CLUSTER, "SHOW DATABASES")
    assert re.search(r"docker (logs|restart) shoestring_influxdb-application-1$", str(error.value))
