from __future__ import annotations

import json
from pathlib import Path

import pytest

from installer.host.swap import SwapKind, SwapOffer
from installer.services import status
from installer.services.plan import ServicePlan
from installer.setup.host_setup import HostPlan
from installer.setup.json_results import SetupJson
from installer.setup.plan import SetupOutcome, SetupPlan
from runtime.base.errors import ExitCode
from runtime.context.results import Code, Failure, Report
from runtime.output.encoder import result_json
from tests.support.builders.runtime import PATHS, make_settings
from tests.support.builders.services import known

SETTINGS = make_settings("wireguard: {enabled: on}\ninternal: {address: 10.12.0.1}\n")
HOST = HostPlan(timers=True, swap=SwapOffer(SwapKind.FILE, 1024))
PLAN = SetupPlan(PATHS, SETTINGS, None, None, host=HOST)
NOT_RUNNING = Report((), failures=(Failure(Code.NOT_RUNNING, "blog", "it is unhealthy"),))


def test_setup_json_of_new_data_directory() -> None:
    found = SetupJson.of(SetupOutcome(PLAN, True, True, Report(()), ("Restart Docker.",)))
    answer = json.loads(result_json(found))
    assert (answer["ok"], answer["written"], answer["new"], answer["is_default"]) == (True, True, True, True)
    assert (answer["instance"], answer["data_directory"]) == (SETTINGS.instance, str(PATHS.root))
    assert [each["side"] for each in answer["urls"]] == ["public", "internal"]
    assert answer["urls"][0]["url"].endswith(f"//{SETTINGS.domain}")
    assert answer["vpn"]["interface"] == SETTINGS.wireguard.interface
    assert answer["host"] == {"timers": True, "swap": 1024, "log_rotation": False, "firewall": False}
    assert answer["start"]["changes"] == []
    assert [(each["code"], each["message"]) for each in answer["warnings"]] == [("setup", "Restart Docker.")]


def test_setup_json_of_dry_run() -> None:
    found = SetupJson.of(SetupOutcome(SetupPlan(PATHS, SETTINGS, SETTINGS, None)))
    assert (found.ok, found.written, found.new, found.start, found.warnings) == (True, False, False, None, ())


def test_setup_json_of_failed_start() -> None:
    outcome = SetupOutcome(PLAN, True, report=NOT_RUNNING)
    found = SetupJson.of(outcome)
    assert (found.ok, outcome.exit_code) == (False, ExitCode.FAILED)
    assert found.start is not None
    assert [each.code for each in found.start.failures] == [Code.NOT_RUNNING]


@pytest.mark.parametrize(("written", "addresses"), [(True, ("10.12.0.1:5432",)), (False, ())])
def test_setup_json_services(
    written: bool, addresses: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "addresses_of", lambda *_: ("10.12.0.1:5432",))
    store = known(tmp_path)["store"]
    plan = SetupPlan(PATHS, SETTINGS, None, None, ServicePlan((store,), (store,), secrets=("STORE_PASSWORD",)))
    (found,) = SetupJson.of(SetupOutcome(plan, written)).services
    assert (found.name, found.new, found.addresses) == ("store", True, addresses)
