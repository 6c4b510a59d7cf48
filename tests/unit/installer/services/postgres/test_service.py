"""The service postgres."""

from __future__ import annotations

import pytest

from installer.host import ports
from installer.services import catalogue
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from tests.support.builders.data_directory import SETTINGS


def test_prepare_refuses_port_in_use(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "can_bind", lambda *_: False)
    with pytest.raises(ShoestringError, match=r"\(ss -ltnp sport = :5432\), stop it or give it another port"):
        catalogue.load()["postgres"].prepare(paths, SETTINGS)
