"""What Grafana is given, read as it is shipped: dashboards, their queries, alert rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

from installer.services import catalogue, service_files
from installer.services.service_files import TemplateHost
from runtime.config.sections import NotifySettings
from runtime.config.settings import Settings

SETTINGS = Settings(
    domain="example.test",
    email="ops@example.test",
    notify=NotifySettings(url="https://hooks.example.test/a$b?c={{d}}"),
)
# What Grafana puts in place of its own words in a query: https://grafana.com/docs/grafana/latest/datasources/influxdb/
SPAN, STEP = "1h", "4s"
# What Go's os.Expand takes for a variable: in braces, one special character, or a word. https://pkg.go.dev/os#Expand
GO_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|([*#$@!?\-0-9])|([A-Za-z_][A-Za-z0-9_]*)|(\{))")


@dataclass(frozen=True)
class Query:
    """A query of a dashboard or an alert, as it is written."""

    place: str
    text: str

    @property
    def filled(self) -> str:
        """As Grafana sends it, each variable with all its values."""
        text = self.text.replace("$timeFilter", f"time > now() - {SPAN}").replace("$__interval", STEP)
        text = re.sub(r"/\^\$\w+\$/", "/^(.*)$/", text)
        assert "$" not in text.replace("$/", ""), f"{self.place}: {text}"
        return text


def shipped(settings: Settings = SETTINGS) -> dict[PurePosixPath, str]:
    """Return the files of the service below `conf/`."""
    service = catalogue.load()["grafana"]
    return {each.path: each.content.decode() for each in service_files.load(service, settings, TemplateHost())}


def dashboards() -> dict[str, dict[str, Any]]:
    """Return the dashboards by the names of their files."""
    return {path.stem: json.loads(text) for path, text in shipped().items() if path.suffix == ".json"}


def provisioning(name: str, settings: Settings = SETTINGS) -> dict[str, Any]:
    """Return a provisioning file, such as `alerting/rules.yaml`."""
    loaded: dict[str, Any] = yaml.safe_load(shipped(settings)[PurePosixPath("grafana/provisioning") / name])
    return loaded


def interpolated(value: Any, environment: Mapping[str, str]) -> Any:
    """Return values of a provisioning file as Grafana resolves them: a fake, because Grafana is not available here.

    As `transformInterface` and `interpolateValue` in its pkg/services/provisioning/values/values.go: every text in
    lists and maps has its variables replaced as os.ExpandEnv does it, one that is not there by nothing, and `$$` is
    a dollar sign. Settings of contact points and policies go through it; models of queries do not. Its `$__file{}`
    and its kind are left out: none of ours has any.
    """
    if isinstance(value, Mapping):
        return {key: interpolated(each, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [interpolated(each, environment) for each in value]
    if not isinstance(value, str):
        return value
    assert "$__" not in value, value

    def replaced(found: re.Match[str]) -> str:
        return environment.get(found[1] or found[2] or found[3] or "", "")

    return "$".join(GO_VARIABLE.sub(replaced, part) for part in value.split("$$"))


def rules() -> list[dict[str, Any]]:
    """Return the alert rules."""
    return [rule for group in provisioning("alerting/rules.yaml")["groups"] for rule in group["rules"]]


def panel_queries() -> Iterator[Query]:
    """Yield every query of every panel."""
    for name, board in dashboards().items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield Query(f"{name}: {panel['title']} {target['refId']}", target["query"])


def variable_queries() -> Iterator[Query]:
    """Yield every query that finds the values of a variable."""
    for name, board in dashboards().items():
        for variable in board["templating"]["list"]:
            yield Query(f"{name}: ${variable['name']}", variable["query"])


def alert_queries() -> Iterator[Query]:
    """Yield every query of an alert."""
    for rule in rules():
        for each in rule["data"]:
            if each["datasourceUid"] != "__expr__":
                yield Query(f"alert: {rule['title']}", each["model"]["query"])
