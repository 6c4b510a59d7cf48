from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from runtime.base.paths import Side
from runtime.config.applications import proxy_alias
from runtime.config.compose_file import ComposeFile, ComposeService
from runtime.docker import images, overrides
from runtime.docker.projects import Project, service_digest
from tests.support.builders.runtime import PATHS, application, make_settings, web


def project(
    text: str, side: Side = Side.PUBLIC, settings_text: str = "", variables: Mapping[str, str] | None = None
) -> Project:
    settings = make_settings(settings_text)
    substitutes = images.substitutes(settings.images.source)
    return overrides.project(application("a", text, side), settings, PATHS, dict(variables or {}), substitutes)


def content(text: str, side: Side = Side.PUBLIC, settings_text: str = "") -> Any:
    return yaml.safe_load(project(text, side, settings_text).generated.content)


def test_project_adds_alias_and_labels() -> None:
    made = content(web("a.com", more="    hostname: backend_a\n"))
    service = made["services"]["application"]
    assert service["networks"] == {"main": {"aliases": ["backend_a", proxy_alias("a", "application")]}}
    assert made["networks"] == {"main": {"name": "shoestring_main", "external": True}}
    labels = service["labels"]
    assert labels.pop("shoestring.definition")
    assert labels == {"shoestring.instance": "shoestring", "shoestring.application": "a", "shoestring.side": "public"}


def test_project_keeps_default_network() -> None:
    text = "x-external-host-names: [a.com]\nservices: {application: {image: a}, database: {image: d}}\n"
    services = content(text)["services"]
    assert services["application"]["networks"] == {
        "main": {"aliases": ["a", proxy_alias("a", "application")]},
        "default": None,
    }
    assert "networks" not in services["database"]


def test_project_leaves_other_networks_unchanged() -> None:
    text = (
        "services: {task: {image: t, networks: [postgres, own, named]}}\n"
        "networks: {own: {}, named: {name: elsewhere, external: true}, postgres: {external: true}}\n"
    )
    made = content(text, settings_text="networks: {additional: [postgres, named]}\n")
    assert made["networks"] == {"postgres": {"name": "shoestring_postgres", "external": True}}


def test_project_local_source_replaces_only_images_with_recipe() -> None:
    text = web("a.com", image="busybox:1.37") + "  other:\n    image: ghost:5\n"
    services = content(text, settings_text="images: {source: local}\n")["services"]
    assert services["application"]["image"] == images.local_name(images.BUSYBOX)
    assert services["application"]["pull_policy"] == "never"
    assert "image" not in services["other"]
    assert "image" not in content(text)["services"]["application"]


def digest(text: str, **variables: str) -> str:
    return project(text, variables=variables).services[0].definition


def test_definition_changes_with_secrets_and_config_contents() -> None:
    text = web("a.com", more="    environment: {PASSWORD: '${PASSWORD:-x}', COST: '$${OTHER}'}\n    configs: [c]\n")
    text += "configs: {c: {content: one}, d: {content: other}}\n"
    before = digest(text, PASSWORD="p1", OTHER="o1")
    assert digest(text, PASSWORD="p2", OTHER="o1") != before
    assert digest(text, PASSWORD="p1", OTHER="o2") == before
    assert digest(text.replace("content: one", "content: two"), PASSWORD="p1") != before
    assert digest(text.replace("content: other", "content: more"), PASSWORD="p1") == before


def test_definition_of_other_services_is_unchanged() -> None:
    text = web("a.com") + "  database:\n    image: d\n"
    before, after = project(text).services, project(text.replace("web:1", "web:2")).services
    assert before[0].definition != after[0].definition
    assert before[1] == after[1]


def test_project_replicas() -> None:
    assert project(web("a.com", more="    deploy: {replicas: 3}\n")).services[0].replicas == 3
    assert project(web("a.com", more="    scale: 2\n")).services[0].replicas == 2
    assert project(web("a.com", more="    scale: '${N}'\n")).services[0].replicas == 1


def test_project_drops_raw_packets_unless_the_file_decides() -> None:
    text = web("a.com") + "  asks: {image: a, cap_add: [NET_RAW]}\n  other: {image: o}\n"
    services = content(text)["services"]
    dropped = {name: service.get("cap_drop") for name, service in services.items()}
    assert dropped == {"application": ["NET_RAW"], "asks": None, "other": ["NET_RAW"]}


def test_definition_is_that_of_containers_of_earlier_versions() -> None:
    """0.1.0 dropped no capability: its containers stay until their definition changes."""
    service = ComposeService("task", {"image": "t"})
    earlier = service_digest(service, [{}], ComposeFile({"services": {"task": {"image": "t"}}}), {})
    assert digest("services: {task: {image: t}}\n") == earlier
    assert digest("services: {task: {image: t, cap_add: [NET_RAW]}}\n") != earlier
