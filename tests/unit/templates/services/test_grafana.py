"""The consistency of Grafana's files: names in one file exist in another."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from installer.services import catalogue, service_files
from installer.services.service_files import TemplateHost
from runtime.alerting.notify import VERSION, Severity
from runtime.config.sections import InternalSettings, InternalTls, NotifySettings
from runtime.config.settings import Settings
from tests.support.services import grafana_files
from tests.support.services.grafana_files import SETTINGS

DASHBOARDS = grafana_files.dashboards()
(SOURCE,) = grafana_files.provisioning("datasources/influxdb.yaml")["datasources"]


def environment(settings: Settings) -> dict[str, str]:
    (application,) = service_files.applications(
        service_files.load(catalogue.load()["grafana"], settings, TemplateHost())
    )
    found: dict[str, str] = application.services[0].definition["environment"]
    return found


def test_dashboards_of_all_subjects() -> None:
    assert set(DASHBOARDS) == {"host", "containers", "proxies", "certificates", "vpn"}
    assert len({board["uid"] for board in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_dashboard_has_one_source_and_no_overlap(name: str) -> None:
    board = DASHBOARDS[name]
    source = {"type": SOURCE["type"], "uid": SOURCE["uid"]}
    assert all(each["datasource"] == source for each in (*board["panels"], *board["templating"]["list"]))
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("name", DASHBOARDS)
def test_dashboard_uses_its_variables(name: str) -> None:
    names = {variable["name"] for variable in DASHBOARDS[name]["templating"]["list"]}
    text = "".join(each.text for each in grafana_files.panel_queries() if each.place.startswith(f"{name}: "))
    assert all(f"/^${each}$/" in text for each in names)


def test_queries_have_only_known_variables() -> None:
    for query in (*grafana_files.panel_queries(), *grafana_files.variable_queries(), *grafana_files.alert_queries()):
        assert query.filled


def test_alert_rules_have_no_dollar_sign() -> None:
    text = next(text for path, text in grafana_files.shipped().items() if path.name == "rules.yaml")
    assert "$" not in text


def test_alert_rules_of_all_incidents() -> None:
    rules = {rule["uid"]: rule for rule in grafana_files.rules()}
    assert set(rules) == {
        f"shoestring-{name}" for name in ("disk", "memory", "certificate", "application", "watchdog")
    }
    for rule in rules.values():
        steps = {each["refId"]: each for each in rule["data"]}
        assert rule["condition"] in steps
        assert steps["A"]["datasourceUid"] == SOURCE["uid"]
        for each in steps.values():
            assert each["model"]["refId"] == each["refId"]
            assert each["model"].get("expression", "A") in steps
        assert rule["labels"]["severity"] in ("warning", "error")


def test_alert_rules_only_watchdog_alerts_without_data() -> None:
    states = {rule["uid"]: {rule["noDataState"], rule["execErrState"]} for rule in grafana_files.rules()}
    assert states.pop("shoestring-watchdog") == {"Alerting"}
    assert set.union(*states.values()) == {"OK"}


def contact() -> dict[str, Any]:
    """Return the contact point of alerts, as Grafana reads it."""
    found: dict[str, Any] = grafana_files.interpolated(
        grafana_files.provisioning("alerting/contact.yaml"), environment(SETTINGS)
    )
    return found


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("a $one b", "a 1 b"),
        ("${one}$two", "1"),
        ("$$one $$$$ $$", "$one $$ $"),
        ("5 $, $. ${}", "5 $, $. "),
        ("$1x $_one", "x "),
        ({"a": ["$one", 7, True, None]}, {"a": ["1", 7, True, None]}),
    ],
)
def test_interpolated_like_go(written: object, understood: object) -> None:
    assert grafana_files.interpolated(written, {"one": "1"}) == understood


def test_contact_is_url_of_settings() -> None:
    (point,) = contact()["contactPoints"]
    assert "$" in SETTINGS.notify.url
    assert point["receivers"][0]["settings"]["url"] == SETTINGS.notify.url
    assert contact()["policies"][0]["receiver"] == point["name"]


def test_contact_template_keeps_its_variables() -> None:
    """Variables of Go's templates: each is defined before its use, and none is empty."""
    template = contact()["contactPoints"][0]["receivers"][0]["settings"]["payload"]["template"]
    made, used = re.findall(r"(\$\w*) :=", template), set(re.findall(r"\$\w*", template))
    assert made == ["$alert", "$severity"]
    assert used == set(made)


def test_contact_template_has_version_and_severity_of_notifications() -> None:
    template = contact()["contactPoints"][0]["receivers"][0]["settings"]["payload"]["template"]
    assert re.findall(r'"version" (\d+)', template) == [str(VERSION)]
    assert re.findall(r'\$severity = "(\w+)"', template) == [Severity.RESOLVED]


def test_contact_without_url() -> None:
    alone = replace(SETTINGS, notify=NotifySettings(command="/usr/local/bin/tell"))
    assert grafana_files.provisioning("alerting/contact.yaml", alone) == {"apiVersion": 1}


def test_source_password_is_in_environment() -> None:
    assert SOURCE["user"] == "reader"
    name = SOURCE["secureJsonData"]["password"].removeprefix("$")
    assert environment(SETTINGS)[name] == f"${{{name}}}"


def test_environment_requires_password_and_sends_nothing() -> None:
    found = environment(SETTINGS)
    off = (
        *("GF_AUTH_ANONYMOUS_ENABLED", "GF_USERS_ALLOW_SIGN_UP", "GF_ANALYTICS_REPORTING_ENABLED"),
        *("GF_ANALYTICS_CHECK_FOR_UPDATES", "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "GF_SERVER_ENABLE_GZIP"),
    )
    assert {found[name] for name in off} == {"false"}
    assert found["GF_SECURITY_ADMIN_PASSWORD"] == "${GRAFANA_ADMIN_PASSWORD}"


@pytest.mark.parametrize(
    ("internal", "url"),
    [
        (InternalSettings(https_port=443), "https://grafana.internal.example.test/"),
        (InternalSettings(https_port=8444), "https://grafana.internal.example.test:8444/"),
        (InternalSettings(tls=InternalTls.NONE, http_port=80), "http://grafana.internal.example.test/"),
        (InternalSettings(tls=InternalTls.NONE, http_port=8081), "http://grafana.internal.example.test:8081/"),
    ],
)
def test_environment_has_own_url(internal: InternalSettings, url: str) -> None:
    found = environment(replace(SETTINGS, internal=internal))
    assert found["GF_SERVER_ROOT_URL"] == url
    assert found["GF_SECURITY_COOKIE_SECURE"] == ("true" if url.startswith("https") else "false")


def test_files_are_all_mounted() -> None:
    (application,) = service_files.applications(
        service_files.load(catalogue.load()["grafana"], SETTINGS, TemplateHost())
    )
    sources = {each["file"] for each in application.document.value["configs"].values()}
    for path, text in grafana_files.shipped().items():
        assert yaml.safe_load(text), path
        if path.parts[1] == "provisioning":
            assert f"../{path}" in sources
        else:
            assert path.suffix == ".json" or path.parts[0].startswith("applications-")
    mounted = {each["source"]: each["target"] for each in application.services[0].definition["configs"]}
    for name, each in application.document.value["configs"].items():
        assert mounted[name] == each["file"].replace("../grafana/", "/etc/grafana/")
