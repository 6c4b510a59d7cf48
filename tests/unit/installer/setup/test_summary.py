"""The output of setup, line by line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from installer.data_directory.templates import Action, FileChange
from installer.host.facts import EngineFacts, Facts
from installer.setup import summary
from installer.setup.data_directory import DirectoryUpdate
from runtime.base.paths import Paths
from runtime.config.listen_address import FixedAddress, FollowedInterface
from runtime.config.sections import (
    AcmeSettings,
    DnsSettings,
    InternalSettings,
    InternalTls,
    PublicSettings,
    WireguardSettings,
)
from runtime.config.settings import Settings

PATHS = Paths(Path("/srv/shoestring"))
SETTINGS = Settings(
    domain="example.com",
    email="ops@example.com",
    public=PublicSettings(address="203.0.113.7"),
    internal=InternalSettings(address=FixedAddress("127.0.0.1")),
)


def test_host_lines(facts: Facts) -> None:
    assert summary.host_lines(facts) == [
        "  This host  Debian 13, 1 core, 957 MB memory (no swap), 18 GB free",
        "  Docker     28.5.2, Compose 2.40.3",
        "  Addresses  203.0.113.7 (eth0)  10.0.0.5 (eth1)",
    ]
    bare = replace(facts, cores=2, swap=2**30, addresses=(), engine=EngineFacts(), compose_version="")
    assert summary.host_lines(bare) == [
        "  This host  Debian 13, 2 cores, 957 MB memory (1.0 GB swap), 18 GB free",
        "  Docker     not installed, Compose not installed",
        "  Addresses  none but loopback",
    ]


def test_settings_lines() -> None:
    assert summary.settings_lines(SETTINGS, PATHS) == [
        "  example.com           public    203.0.113.7:80, 443                     "
        "certificate from Let's Encrypt (staging first)",
        "  internal.example.com  internal  127.0.0.1:8081, 8444  by an SSH tunnel  certificate from your own CA",
        "  images                          pulled from a registry",
        "  data directory                  /srv/shoestring",
    ]


def test_settings_lines_of_vpn() -> None:
    internal = InternalSettings(address=FixedAddress("10.12.0.1"))
    settings = replace(SETTINGS, internal=internal, wireguard=WireguardSettings(enabled=True))
    assert "  VPN                             WireGuard at 203.0.113.7, UDP 51820" in summary.settings_lines(
        settings, PATHS
    )
    assert "(over the VPN)" in "\n".join(summary.closing_lines(settings, PATHS, 1.0, is_default=True))


def test_settings_lines_of_followed_interface() -> None:
    settings = replace(SETTINGS, internal=InternalSettings(address=FollowedInterface("tailscale0")))
    assert "SSH" not in "\n".join(summary.settings_lines(settings, PATHS))
    assert "ssh" not in "\n".join(summary.closing_lines(settings, PATHS, 1.0, is_default=True))


@pytest.mark.parametrize(
    ("tls", "acme", "public", "internal"),
    [
        (
            InternalTls.NONE,
            AcmeSettings(server="staging"),
            "Let's Encrypt's staging (browsers refuse it)",
            "plain HTTP",
        ),
        (
            InternalTls.DNS_01,
            AcmeSettings(server="https://ca.example/dir", dns=DnsSettings(provider="cloudflare")),
            "https://ca.example/dir",
            "wildcard certificate from https://ca.example/dir, by DNS at cloudflare",
        ),
        (
            InternalTls.PRIVATE_CA,
            AcmeSettings(server="https://ca.example/dir", staging="https://trial.example/dir"),
            "https://ca.example/dir (staging first)",
            "certificate from your own CA",
        ),
    ],
)
def test_settings_lines_of_certificate_sources(
    tls: InternalTls, acme: AcmeSettings, public: str, internal: str
) -> None:
    lines = summary.settings_lines(replace(SETTINGS, internal=InternalSettings(tls=tls), acme=acme), PATHS)
    assert lines[0].endswith(f"  certificate from {public}")
    assert lines[1].endswith(f"  {internal}")
    assert ("8444" in lines[1]) is (tls is not InternalTls.NONE)


def test_settings_lines_warn_of_public_internal_address() -> None:
    exposed = replace(
        SETTINGS, internal=InternalSettings(address=FixedAddress("8.8.8.8")), acme=AcmeSettings(server="staging")
    )
    assert summary.settings_lines(exposed, PATHS)[-1].startswith("  ! internal.address 8.8.8.8 can be reached from")


def test_new_lines() -> None:
    assert summary.new_lines(SETTINGS, PATHS) == [
        "  +  data directory  /srv/shoestring, its configuration a git repository",
        "  +  networks        shoestring_main, shoestring_internal",
        "  +  proxies         public and internal",
        "  +  example         an application at https://example.com",
    ]
    assert summary.new_lines(replace(SETTINGS, public=None), PATHS)[-1] == "  +  proxy           internal"


def test_update_lines() -> None:
    change = FileChange(PurePosixPath("haproxy-public/haproxy.cfg.j2.new"), b"", Action.BESIDE)
    assert summary.update_lines(
        SETTINGS, replace(SETTINGS, email="x@y.example"), DirectoryUpdate(None, (change,), b"")
    ) == [
        "  ~  email                                   ops@example.com → x@y.example",
        "  ~  conf/haproxy-public/haproxy.cfg.j2.new  you changed it; the new version is beside it",
    ]


def test_closing_lines() -> None:
    assert summary.closing_lines(SETTINGS, PATHS, 41.4, is_default=True) == [
        "  Done in 41 s.",
        "    https://example.com   (placeholder certificate until DNS points here)",
        "    https://internal.example.com:8444   (ssh -L 8444:127.0.0.1:8444 THIS-HOST)",
        "    Trust its certificate: shoestring ssl ca",
        "    Next: shoestring status",
        "          edit /srv/shoestring/conf/applications-public/example.yaml",
    ]
    plain = InternalSettings(address=FixedAddress("10.0.0.5"), http_port=80, tls=InternalTls.NONE)
    other = replace(SETTINGS, public=None, internal=plain)
    assert summary.closing_lines(other, PATHS, 1, is_default=False)[1:] == [
        "    http://internal.example.com",
        "    Next: shoestring status --data-directory /srv/shoestring",
        "          edit /srv/shoestring/conf/applications-internal",
    ]


def test_new_lines_of_vpn_and_first_client() -> None:
    settings = replace(SETTINGS, wireguard=WireguardSettings(enabled=True))
    lines = summary.new_lines(settings, Paths(Path("/srv/shoestring")))
    assert "  +  WireGuard       wg0, and a first client, laptop" in lines
    assert not [line for line in summary.new_lines(SETTINGS, Paths(Path("/srv"))) if "WireGuard" in line]
