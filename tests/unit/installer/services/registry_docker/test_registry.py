"""The address of the registry, and its absence."""

from __future__ import annotations

import pytest

from installer.services import catalogue
from installer.services.registry_docker import registry
from runtime.base.paths import Paths
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, InternalTls
from runtime.config.settings import Settings


def settings(tls: InternalTls = InternalTls.PRIVATE_CA, https_port: int = 443, http_port: int = 80) -> Settings:
    internal = InternalSettings(
        address=FixedAddress("10.12.0.1"), http_port=http_port, https_port=https_port, tls=tls
    )
    return Settings(domain="example.com", email="ops@example.com", internal=internal)


def application(paths: Paths, host: str) -> None:
    file = catalogue.application_file(paths, registry.NAME)
    file.write_text(f"x-external-host-names: [{host}]\nservices:\n  application:\n    image: registry:2.8.3\n")


def test_address_of_registry(paths: Paths) -> None:
    assert registry.address(paths, settings()) == "docker.internal.example.com"
    assert registry.address(paths, settings(https_port=8444)) == "docker.internal.example.com:8444"
    assert registry.address(paths, settings(InternalTls.NONE)) == "docker.internal.example.com"
    assert registry.address(paths, settings(InternalTls.NONE, http_port=8080)) == "docker.internal.example.com:8080"
    application(paths, "hub.example.com")
    assert registry.address(paths, settings()) == "hub.example.com"


def test_insecure_advice() -> None:
    advice = registry.insecure_advice("docker.internal.example.com", here=False)
    assert '{"insecure-registries": ["docker.internal.example.com"]}' in advice
    assert "systemctl reload docker" in advice


def test_require_absent_registry(paths: Paths) -> None:
    with pytest.raises(Exception, match="shoestring service add registry-docker"):
        registry.require(paths)
    application(paths, "docker.internal.example.com")
    registry.require(paths)
