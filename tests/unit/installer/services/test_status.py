"""The addresses of services."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from installer.services.status import addresses
from runtime.base import yaml_documents
from runtime.base.paths import Side
from runtime.config import application_files
from runtime.config.applications import Application
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, InternalTls
from tests.support.builders.data_directory import SETTINGS


def test_addresses_of_hosts_and_ports(tmp_path: Path) -> None:
    text = (
        "x-external-host-names: [a.internal.example.com, '*.b.internal.example.com']\n"
        "x-external-tcp-ports: ['15432:5432']\nservices: {application: {image: a}}\n"
    )
    found = application_files.parse(yaml_documents.parse(tmp_path / "a.yaml", text), Side.INTERNAL)
    assert isinstance(found, Application)

    def of(internal: InternalSettings | None) -> list[str]:
        return list(addresses(replace(SETTINGS, internal=internal), found))

    vpn = InternalSettings(address=FixedAddress("10.12.0.1"), http_port=80, https_port=443)
    assert of(vpn) == ["https://a.internal.example.com", "10.12.0.1:15432"]
    assert of(replace(vpn, tls=InternalTls.NONE, http_port=8081)) == [
        "http://a.internal.example.com:8081",
        "10.12.0.1:15432",
    ]
    assert of(replace(vpn, address=FixedAddress("fd00::1")))[1] == "[fd00::1]:15432"
    assert of(None) == []
