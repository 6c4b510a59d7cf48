"""The rules of all services: least privileges, limits, pinned images, declared secrets."""

from __future__ import annotations

import re
from typing import Any

import pytest

from installer.services import catalogue, service_files
from installer.services.service import Service
from installer.services.service_files import TemplateHost
from runtime.config.applications import Application
from runtime.config.sections import InternalSettings, InternalTls
from runtime.config.settings import Settings
from runtime.docker import images

KNOWN = catalogue.load()
HOST = TemplateHost(docker_group=998)
SETTINGS = Settings(domain="example.com", email="ops@example.com")
PLAIN = Settings(
    domain="example.com",
    email="ops@example.com",
    internal=InternalSettings(tls=InternalTls.NONE, http_port=8090),
)
UNITS = {"k": 1 / 1024, "m": 1, "g": 1024}


def application(service: Service, settings: Settings = SETTINGS) -> Application:
    (found,) = service_files.applications(service_files.load(service, settings, HOST))
    return found


def containers(service: Service) -> list[dict[str, Any]]:
    return [each.definition for each in application(service).services]


@pytest.fixture(params=KNOWN.values(), ids=list(KNOWN))
def service(request: pytest.FixtureRequest) -> Service:
    found: Service = request.param
    return found


def test_services_suggested_and_needed_services_exist() -> None:
    suggested = sorted((each.suggested, each.name) for each in KNOWN.values() if each.suggested)
    assert [name for _, name in suggested] == ["influxdb", "telegraf", "registry-docker"]
    for each in KNOWN.values():
        assert {*each.needs, *([each.part_of] if each.part_of else [])} <= set(KNOWN)


def test_application_file_is_valid_with_and_without_https(service: Service) -> None:
    for settings in (SETTINGS, PLAIN):
        found = application(service, settings)
        assert found.name == service.name
        for host in found.host_names:
            assert host.endswith(f".{settings.internal_domain}")


def test_containers_have_least_privileges(service: Service) -> None:
    for each in containers(service):
        assert each["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in each["security_opt"]
        assert not each.get("privileged")
        assert "ports" not in each
        assert str(each.get("network_mode", "")) != "host"
        assert each["restart"] == "unless-stopped"


def test_containers_have_limits(service: Service) -> None:
    limits = 0.0
    for each in containers(service):
        number, unit = re.fullmatch(r"(\d+)([kmg])b?", str(each["mem_limit"]).lower()).groups()  # type: ignore[union-attr]
        limits += int(number) * UNITS[unit]
        assert int(each["pids_limit"]) > 0
        assert each["logging"]["options"]["max-size"]
    assert service.memory <= limits


def test_images_are_in_catalogue(service: Service) -> None:
    for reference in service_files.images(service_files.load(service, SETTINGS, HOST)):
        assert images.find(reference), f"{reference} is not pinned in runtime/docker/images.py"


def test_secrets_and_folders_are_declared(service: Service) -> None:
    own = {service, *catalogue.complete(KNOWN, (service.name,))}
    secrets = {name for each in own for name in each.secrets}
    folders = {str(folder.path) for each in own for folder in each.folders}
    text = application(service).document.text
    used = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", text)) - {"DATA_BASE_PATH"}
    assert used <= secrets
    for path in re.findall(r"\$\{DATA_BASE_PATH\}/([\w./-]+)", text):
        assert any(path == each or path.startswith(f"{each}/") for each in folders), path
