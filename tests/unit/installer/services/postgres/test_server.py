"""The Postgres server, its environment and its errors."""

from __future__ import annotations

import pytest

from installer.services.postgres.server import PostgresServer, first_error
from runtime.base.command import Result
from runtime.base.errors import ShoestringError
from tests.support.builders.commands import answering


def test_ask_failure_has_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, 3, "", "ERROR:  permission denied\n")
    with pytest.raises(
        ShoestringError, match=r"permission denied\. Correct that, .*: shoestring postgres psql shop$"
    ):
        PostgresServer("shoestring_postgres-application-1", "postgres").ask("SELECT 1;", "shop")


def test_first_error_of_psql() -> None:
    printed = (
        "psql:<stdin>:4: NOTICE:  x\npsql:<stdin>:9: ERROR:  no space\nLINE 1: PASSWORD 'secret'\nERROR:  later\n"
    )
    assert first_error(Result(("psql",), 3, "", printed)) == "psql:<stdin>:9: ERROR:  no space"
    assert first_error(Result(("psql",), 3, "", "")) == "exit code 3"
