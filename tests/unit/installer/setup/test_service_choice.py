"""The services of a setup by answers: given, present and fitting ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from installer.host import memory
from installer.host.facts import Facts
from installer.host.memory import HostMemory
from installer.services import add, catalogue
from installer.setup import answers, data_directory, service_choice
from runtime.base.constants import MEGABYTE
from runtime.base.errors import SettingsError, ShoestringError, UsageError
from runtime.base.paths import Paths
from runtime.config import settings
from runtime.config.settings import Settings
from tests.support.builders.services import known as make_known

SETTINGS = Settings(domain="example.com", email="ops@example.com")
ROOM = HostMemory(2000 * MEGABYTE, 1500 * MEGABYTE)


@pytest.fixture(autouse=True)
def _host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_known(tmp_path / "services")
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path / "services")
    monkeypatch.setattr(memory, "observe_host", lambda: ROOM)


def given(tmp_path: Path, text: str) -> answers.GivenAnswers:
    file = tmp_path / "answers.yaml"
    file.write_text(f"domain: example.com\n{text}")
    return answers.load(file)


def test_choose_nothing_given(target: Path) -> None:
    planned = service_choice.choose(Paths(target), SETTINGS, (), asks=False, first=True)
    assert planned.is_empty
    assert planned.new == ()


def test_choose_given_with_needed_services(target: Path) -> None:
    planned = service_choice.choose(Paths(target), SETTINGS, ("front",), asks=False, first=True)
    assert [each.name for each in planned.new] == ["store", "front"]
    assert planned.settings
    assert planned.settings.networks.additional == ("things",)
    assert planned.text is None


def test_choose_refuses_service_that_does_not_fit(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "observe_host", lambda: replace(ROOM, available=280 * MEGABYTE))
    with pytest.raises(ShoestringError, match="Store with Front needs 160 MB; 216 MB of 2000 MB are left") as error:
        service_choice.choose(Paths(target), SETTINGS, ("front",), asks=False, first=True)
    assert str(error.value).endswith("To add them anyway after setup: shoestring service add front --force")
    assert service_choice.choose(Paths(target), SETTINGS, ("front",), asks=False, first=False).new


def test_choose_refuses_without_internal_side(target: Path) -> None:
    off = replace(SETTINGS, internal=None)
    assert service_choice.choose(Paths(target), off, (), asks=False, first=True).is_empty
    with pytest.raises(UsageError, match="on the internal side"):
        service_choice.choose(Paths(target), off, ("store",), asks=False, first=True)


@pytest.mark.processes
def test_choose_again_keeps_present_services(made: Paths) -> None:
    first = service_choice.choose(made, SETTINGS, ("store",), asks=False, first=False)
    assert first.settings
    data_directory.update(made, data_directory.plan_update(made, first.settings))
    add.write(made, first)
    present = settings.load(made.settings)
    again = service_choice.choose(made, present, (), asks=False, first=False)
    assert [each.name for each in again.services] == ["store"]
    assert again.is_empty
    assert [each.name for each in service_choice.choose(made, present, ("front",), asks=False, first=False).new] == [
        "front"
    ]


def test_answers_services_are_no_setting(facts: Facts, tmp_path: Path) -> None:
    named = given(tmp_path, "services: [front]\n")
    assert named.services == ("front",)
    assert answers.collect(facts, None, named) == answers.collect(facts, None, given(tmp_path, ""))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("services: [stor]\n", "services: 'stor' is not one of beside, front, store; did you mean store?"),
        ("services: store\n", "services: 'store' is not a list"),
        ("services: [store, store]\n", "services: has a duplicate item"),
        ("services: off\n", "services: False is not a list"),
    ],
)
def test_collect_reports_invalid_services(facts: Facts, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as error:
        answers.collect(facts, None, given(tmp_path, text + "acme: {server: nowhere}\n"))
    assert message in str(error.value)
    assert {problem.key: problem.line for problem in error.value.problems} == {"services": 2, "acme.server": 3}
