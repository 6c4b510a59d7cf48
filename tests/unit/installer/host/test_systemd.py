from __future__ import annotations

from pathlib import Path

import pytest

from installer.host.systemd import SystemdUnit, is_written, moment, parse_show, quoted, remove
from runtime.base.errors import ShoestringError, UsageError
from tests.support.faked_systemd import FakedSystemd

RECORDED = Path(__file__).parent / "recorded"


def test_parse_show_one_mapping_per_unit() -> None:
    found = parse_show("Id=a.service\nResult=success\nDescription=x = y\n\nId=b.timer\nResult=\n")
    assert found == (
        {"Id": "a.service", "Result": "success", "Description": "x = y"},
        {"Id": "b.timer", "Result": ""},
    )


def test_moment_in_seconds() -> None:
    assert moment("Sun 2026-11-22 17:02:00 UTC") == 1_795_366_920.0
    assert moment("") is None
    assert moment("n/a") is None


def test_quoted_path_with_space() -> None:
    assert quoted(Path("/srv/my data")) == '"/srv/my data"'


@pytest.mark.parametrize("path", ["/srv/%i", "/srv/$HOME", "/srv/'", "/srv/a\tb"])
def test_quoted_refuses_special_characters(path: str) -> None:
    with pytest.raises(UsageError, match="cannot contain"):
        quoted(path)


def test_is_written_compares_content(tmp_path: Path) -> None:
    unit = SystemdUnit("a.service", "[Unit]\n", tmp_path)
    assert is_written(unit) is None
    (tmp_path / "a.service").write_text("[Unit]\n# mine\n")
    assert is_written(unit) is False
    (tmp_path / "a.service").write_text("[Unit]\n")
    assert is_written(unit) is True


@pytest.mark.processes
def test_remove_with_missing_unit_removes_others(faked_systemd: FakedSystemd) -> None:
    units = faked_systemd.units
    (units / "a.timer").write_text("[Timer]\n")
    (units / "a.service.d").mkdir()
    remove(("a.service", "a.timer", "b.timer"), units)
    assert list(units.iterdir()) == []
    assert faked_systemd.calls[:3] == ["disable a.timer", "stop a.timer", "daemon-reload"]
    # A running unit without a file is stopped too.
    assert "stop a.service a.timer b.timer" in faked_systemd.calls


@pytest.mark.processes
def test_remove_keeps_unit_that_does_not_stop(faked_systemd: FakedSystemd) -> None:
    (faked_systemd.units / "a.timer").write_text("[Timer]\n")
    faked_systemd.refuse("stop")
    with pytest.raises(ShoestringError, match="Refused, for the test"):
        remove(("a.timer",), faked_systemd.units)
    assert [each.name for each in faked_systemd.units.iterdir()] == ["a.timer"]
