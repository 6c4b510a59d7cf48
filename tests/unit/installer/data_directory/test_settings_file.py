"""The settings file as setup writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.data_directory import settings_file
from runtime.base import yaml_documents
from runtime.base.errors import ShoestringError
from runtime.config.dns_resolver import Resolver
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import (
    AcmeSettings,
    DnsSettings,
    InternalSettings,
    InternalTls,
    NetworkSettings,
    NotifySettings,
    PublicSettings,
)
from runtime.config.settings import Settings

FILE = Path("shoestring.yaml")
MINIMAL = Settings(domain="example.com", email="ops@example.com")
ALL = Settings(
    domain="example.com",
    email="o'brien+#x@example.com",
    instance="123",
    public=PublicSettings(address="2001:db8::1", http_port=8080, https_port=8443),
    internal=InternalSettings(address=FixedAddress("::1"), domain="yes.no", tls=InternalTls.DNS_01),
    acme=AcmeSettings(
        server="https://acme.example/directory",
        ca_file="/etc/ca's.pem",
        dns=DnsSettings(provider="rfc2136", resolvers=(Resolver("::1"), Resolver("127.0.0.1", 5353))),
    ),
    notify=NotifySettings(url="https://ntfy.example/a?b=c#d", command="/bin/tell 'a b' --now"),
    networks=NetworkSettings(public="on-line", internal="off_", additional=("null1", "e3")),
)


@pytest.mark.parametrize(
    "settings",
    [
        MINIMAL,
        ALL,
        Settings(domain="example.com", email="a@b.example", public=None),
        Settings(domain="example.com", email="a@b.example", internal=None),
    ],
)
def test_parse_of_rendered_settings(settings: Settings) -> None:
    assert settings_file.parse(FILE, settings_file.render(settings)) == settings


def test_render_reads_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_file, "scalar", lambda value: "null")
    with pytest.raises(ShoestringError):
        settings_file.render(MINIMAL)


def test_render_has_comment_above_each_key() -> None:
    lines = settings_file.render(MINIMAL).splitlines()
    document = yaml_documents.parse(FILE, "\n".join(lines))
    leaves = [line for path, line in document.lines.items() if isinstance(path[-1], str)]
    assert len(leaves) > 15
    for line in leaves:
        assert lines[line - 2].lstrip().startswith("# "), lines[line - 1]


def test_render_required_keys_first_and_short_lines() -> None:
    text = settings_file.render(ALL)
    keys = [line.partition(":")[0] for line in text.splitlines() if line and line[0] not in "# "]
    assert keys[:2] == ["domain", "email"]
    assert max(len(line) for line in text.splitlines()) <= 100
