"""Editing the user's settings file in place: only the characters of changed values."""

from __future__ import annotations

import difflib
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from installer.data_directory import settings_file
from installer.data_directory.settings_edit import edit
from runtime.base.errors import UsageError
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import AcmeSettings, ImageSettings, InternalSettings, NetworkSettings, PublicSettings
from runtime.config.settings import Settings

FILE = Path("shoestring.yaml")
OWN = """\
# my server
email:   'ops@example.com'   # reads this daily
domain: "example.com"
public: {address: 203.0.113.7, http_port: 80} # flow
internal:
    http_port: 8081      # tunnel
    # the address follows
    address: 10.0.0.5

networks:
  additional:
  - postgres
  # and later
  - mysql
# the end
"""


def changed(before: str, after: str) -> list[str]:
    """Return the lines that differ, with - and + in front."""
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in diff if not line.startswith(("---", "+++", "@@"))]


def test_edit_changes_only_the_value() -> None:
    settings = settings_file.parse(FILE, OWN)
    assert settings.internal
    wanted = replace(
        settings, email="me@example.com", internal=replace(settings.internal, address=FixedAddress("127.0.0.1"))
    )
    assert changed(OWN, edit(FILE, OWN, wanted)) == [
        "-email:   'ops@example.com'   # reads this daily",
        "+email:   'me@example.com'   # reads this daily",
        "-    address: 10.0.0.5",
        "+    address: 127.0.0.1",
    ]


def test_edit_adds_missing_keys_in_style_of_mapping() -> None:
    settings = settings_file.parse(FILE, OWN)
    assert settings.internal
    assert settings.public
    wanted = replace(
        settings,
        public=replace(settings.public, https_port=8443),
        internal=replace(settings.internal, domain="intra.example.com"),
        acme=AcmeSettings(server="staging"),
    )
    assert changed(OWN, edit(FILE, OWN, wanted)) == [
        "-public: {address: 203.0.113.7, http_port: 80} # flow",
        "+public: {address: 203.0.113.7, http_port: 80, https_port: 8443} # flow",
        "+    domain: intra.example.com",
        "+acme: {server: staging}",
    ]


def test_edit_without_change_keeps_every_byte() -> None:
    assert edit(FILE, OWN, settings_file.parse(FILE, OWN)) == OWN
    windows = OWN.replace("\n", "\r\n")
    assert edit(FILE, windows, settings_file.parse(FILE, windows)) == windows


def test_edit_keeps_windows_line_ends() -> None:
    windows = OWN.replace("\n", "\r\n")
    wanted = replace(settings_file.parse(FILE, windows), images=ImageSettings(source="local"), domain="b.example")
    edited = edit(FILE, windows, wanted)
    assert edited.count("\n") == edited.count("\r\n") == windows.count("\n") + 1


def test_edit_value_in_nested_section() -> None:
    own = OWN + "acme:\n  server: staging # for now\n"
    for dns in ("", "  dns:\n    resolvers: [9.9.9.9]\n", "  dns: {}\n"):
        settings = settings_file.parse(FILE, own + dns)
        acme = replace(settings.acme, dns=replace(settings.acme.dns, provider="cloudflare"))
        edited = edit(FILE, own + dns, replace(settings, acme=acme))
        assert settings_file.parse(FILE, edited) == replace(settings, acme=acme)
        assert len(changed(own + dns, edited)) <= 2


def test_edit_replaces_list() -> None:
    settings = settings_file.parse(FILE, OWN)
    edited = edit(FILE, OWN, replace(settings, networks=NetworkSettings(additional=("postgres", "redis"))))
    assert "  additional: [postgres, redis]\n# the end\n" in edited


def test_edit_switches_side_off_and_on() -> None:
    settings = settings_file.parse(FILE, OWN)
    off = edit(FILE, OWN, replace(settings, internal=None))
    assert "\ninternal: off\n\nnetworks:" in off
    again = edit(FILE, off, replace(settings, internal=InternalSettings(address=FixedAddress("127.0.0.1"))))
    written = "{address: 127.0.0.1, http_port: 8081, https_port: 8444, tls: private-ca, domain: ''}"
    assert f"\ninternal: {written}\n\nnetworks:" in again


@pytest.mark.parametrize(
    "text",
    [
        "domain: a.example\nemail: &mail a@a.example\nacme: {server: staging}\n",
        "{domain: a.example, email: a@a.example}",
        "{domain: a.example, email: a@a.example,}\n",
        "---\ndomain: a.example\nemail: a@a.example",
        "domain: a.example\nemail: a@a.example\npublic: {}\ninternal: {\n  address: 127.0.0.1, # here\n  }\n...\n",
        "\ufeffdomain: a.example\nemail: a@a.example\n",
        "domain: >-\n  a.example\nemail: |-\n  a@a.example\npublic: off\n",
        "domain: a.example\nemail: a@a.example\nnetworks: {additional: [a, # one\n  b]}\n",
        "domain: a.example\nemail: a@a.example\ninternal:\n  domain:\n  address: 127.0.0.1\n",
        OWN,
        settings_file.render(Settings(domain="a.example", email="a@a.example")),
    ],
)
def test_edit_all_forms_of_file(text: str) -> None:
    present = settings_file.parse(FILE, text)
    publics = (None, PublicSettings(address="203.0.113.9", http_port=81), present.public)
    internals = (
        None,
        InternalSettings(address=FixedAddress("10.9.9.9"), http_port=8099, domain="i.example"),
        present.internal,
    )
    lists: tuple[tuple[str, ...], ...] = ((), ("x", "y"), present.networks.additional)
    for public, internal, additional in product(publics, internals, lists):
        if public is None and internal is None:
            continue
        wanted = replace(
            present,
            domain="b.example",
            public=public,
            internal=internal,
            networks=replace(present.networks, additional=additional),
            acme=AcmeSettings(server="staging"),
        )
        edited = edit(FILE, text, wanted)
        assert settings_file.parse(FILE, edited) == wanted


def test_edit_refuses_value_with_alias() -> None:
    text = "domain: a.example\nemail: a@a.example\npublic: {address: &here 10.0.0.5}\ninternal: {address: *here}\n"
    settings = settings_file.parse(FILE, text)
    assert settings.public
    with pytest.raises(UsageError, match=r"Set by hand:\n  internal\.address  10\.0\.0\.5 → 127\.0\.0\.1"):
        edit(FILE, text, replace(settings, internal=InternalSettings(address=FixedAddress("127.0.0.1"))))
    with pytest.raises(UsageError, match=r"Set by hand:\n  public\.address"):
        edit(FILE, text, replace(settings, public=replace(settings.public, address="10.0.0.6")))


def test_edit_refuses_explicit_keys() -> None:
    text = "? domain\n: a.example\n? email\n: a@a.example\n"
    wanted = replace(settings_file.parse(FILE, text), public=None, domain="b.example")
    with pytest.raises(UsageError, match=r"Set by hand:\n  domain  a\.example → b\.example\n  public  on → off$"):
        edit(FILE, text, wanted)
