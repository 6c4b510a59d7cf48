from __future__ import annotations

from pathlib import Path

import pytest

from runtime import documents, settings
from runtime.errors import ExitCode, SettingsError
from runtime.paths import Side
from tests.make import make_settings


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        settings.from_document(documents.parse(Path("shoestring.yaml"), text))
    assert error.value.exit_code == ExitCode.USAGE
    return str(error.value).splitlines()


def test_defaults() -> None:
    found = make_settings()
    assert found.instance == "shoestring"
    assert found.internal_domain == "internal.example.com"
    assert found.sides == (Side.PUBLIC, Side.INTERNAL)
    assert found.network_names == ("main", "internal")
    assert found.docker_network("main") == "shoestring_main"
    assert found.internal
    assert found.internal.address == "127.0.0.1"


@pytest.mark.parametrize("off", ["off", "'off'", "false"])
def test_a_side_that_is_off(off: str) -> None:
    found = make_settings(f"public: {off}\n")
    assert found.public is None
    assert found.sides == (Side.INTERNAL,)
    assert found.network_names == ("internal",)


def test_all_problems_at_once_each_with_its_key() -> None:
    lines = problems(
        "domain: nonsense\npublic: {http_port: 70000}\nacme: {sever: staging}\nimages: {source: regsitry}\n"
        "networks: {additional: postgres}\n"
    )
    assert lines[0] == "settings: 6 problems in shoestring.yaml"
    assert "  public.http_port: 70000 is not a port (1 to 65535)" in lines
    assert "  acme.sever: unknown key; did you mean acme.server?" in lines
    assert "  email: is missing; where certificate authorities write to" in lines
    assert "  domain: 'nonsense' is not a domain; one looks like example.com" in lines
    assert "  images.source: 'regsitry' is none of registry, local; did you mean registry?" in lines
    assert "  networks.additional: 'postgres' is not a list" in lines


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("public: {http_port: 80, https_port: 80}\n", "public.https_port: is the same as public.http_port"),
        ("public: off\ninternal: off\n", "public: public and internal are both off; nothing would run"),
        ("networks: {public: one, internal: one}\n", "networks: two networks have the same name"),
        ("internal: {address: 127.0.0.1, http_port: 443}\n", "internal.http_port: 443 is the public proxy's"),
        ("internal: {address: 0.0.0.0}\n", "internal.address: 0.0.0.0 would open the internal services"),
        ("version: 2\n", "version: 2 is not a version that this Shoestring knows (1)"),
        ("networks: {additional: [a, a]}\n", "networks.additional: has the same item twice"),
        ("public: 80\n", "public: 80 is not a mapping (key: value)"),
        ("acme: {server: 'http://ca.example.com'}\n", "acme.server: 'http://ca.example.com' is none of production"),
        ("instance: Two Words\n", "instance: 'Two Words' is not a name"),
    ],
)
def test_refused(text: str, problem: str) -> None:
    lines = problems(f"domain: example.com\nemail: ops@example.com\n{text}")
    assert len(lines) == 2
    assert problem in lines[1]


def test_internal_on_another_address_may_have_the_same_port() -> None:
    found = make_settings("public: {address: 203.0.113.7}\ninternal: {address: 127.0.0.1, http_port: 80}\n")
    assert found.internal
    assert found.internal.http_port == 80


def test_all_addresses_take_the_port_of_each() -> None:
    lines = problems("domain: example.com\nemail: ops@example.com\ninternal: {http_port: 80}\n")
    assert "internal.http_port: 80 is the public proxy's at this address" in lines[1]
