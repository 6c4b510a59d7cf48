"""`shoestring ssl`, where it needs no engine."""

from __future__ import annotations

import json
import sys

import pexpect
import pytest
from typer.testing import CliRunner, Result

from installer.cli.main import app
from installer.data_directory import settings_file
from runtime.base.errors import ExitCode, ShoestringError, UsageError
from runtime.base.paths import Paths, Side
from runtime.certificates.store import private_ca
from runtime.config.settings import Settings
from tests.support.builders.runtime import make_settings
from tests.support.terminal import spawn

NOW = 1_795_000_000.0
INTERNAL = """\
x-external-host-names: [hub-registry.internal.example.com, "*.internal.example.com"]
services: {application: {image: registry:2}}
"""


@pytest.fixture
def cluster(paths: Paths) -> Paths:
    """A data directory with an application and a private CA."""
    write(paths, make_settings())
    (paths.applications(Side.INTERNAL) / "hub.yaml").write_text(INTERNAL)
    private_ca.ensure_root(paths.private_ca, "internal.example.com", NOW)
    return paths


def write(paths: Paths, settings: Settings) -> None:
    paths.settings.write_text(settings_file.render(settings))


def call(paths: Paths, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["ssl", *arguments, "--data-directory", str(paths.root)])


def refusal(result: Result) -> ShoestringError:
    assert isinstance(result.exception, ShoestringError), result.output
    return result.exception


def test_ca_prints_root_and_host_names(cluster: Paths) -> None:
    result = call(cluster, "ca")
    assert result.exit_code == 0, result.output
    assert str(cluster.private_ca / "root.pem") in result.output
    assert private_ca.fingerprint(cluster.private_ca) in result.output
    assert "docker login hub-registry.internal.example.com:8444\n" in result.output
    assert f"ssl ca --pem --data-directory {cluster.root} > internal.example.com.crt\n" in result.output
    assert "PRIVATE KEY" not in result.output


def test_ca_pem_prints_only_root(cluster: Paths) -> None:
    assert call(cluster, "ca", "--pem").output == (cluster.private_ca / "root.pem").read_text()


def test_ca_json_has_root(cluster: Paths) -> None:
    answer = json.loads(call(cluster, "ca", "--json").output)
    assert answer["domain"] == "internal.example.com"
    assert answer["host_names"] == ["internal.example.com", "hub-registry.internal.example.com"]
    assert answer["pem"].startswith("-----BEGIN CERTIFICATE-----")


def test_ca_without_root(paths: Paths) -> None:
    write(paths, make_settings())
    for arguments in (("ca",), ("ca", "--pem"), ("ca", "--json")):
        assert "Create it with: shoestring start" in str(refusal(call(paths, *arguments)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("internal: {tls: none}\n", "internal.tls is none"),
        ("internal: {tls: dns-01}\nacme: {dns: {provider: rfc2136}}\n", "internal.tls is dns-01"),
        ("internal: off\n", "the internal side is off"),
    ],
)
def test_ca_refuses_without_private_ca(paths: Paths, text: str, why: str) -> None:
    write(paths, make_settings(text))
    for arguments in (("ca",), ("ca", "--new", "--yes")):
        error = refusal(call(paths, *arguments))
        assert isinstance(error, UsageError)
        assert f"There is no private CA: {why}." in str(error)


@pytest.mark.parametrize(
    "arguments",
    [("issue", "--force"), ("renew", "--force"), ("issue", "a.example", "--force", "--json"), ("ca", "--new")],
)
def test_confirmation_without_terminal_is_refused(cluster: Paths, arguments: tuple[str, ...]) -> None:
    before = (cluster.private_ca / "root.pem").read_bytes()
    error = refusal(call(cluster, *arguments))
    assert error.exit_code is ExitCode.USAGE
    assert "There is no terminal to ask at. Add --yes to confirm" in str(error)
    assert (cluster.private_ca / "root.pem").read_bytes() == before


def test_ca_new_dry_run_changes_nothing(cluster: Paths) -> None:
    before = (cluster.private_ca / "root.pem").read_bytes()
    assert "Would create a new private CA in" in call(cluster, "ca", "--new", "--dry-run").output
    assert (cluster.private_ca / "root.pem").read_bytes() == before


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "first", "second"),
    [
        (("issue", "--force"), "Request new certificates", "5 certificates a week"),
        (("ca", "--new"), "Create a new private CA", "refuse the internal services"),
    ],
)
def test_confirmation_asks_two_different_questions(
    cluster: Paths, arguments: tuple[str, ...], first: str, second: str
) -> None:
    before = (cluster.private_ca / "root.pem").read_bytes()
    for answers in ("n", "yn"):
        terminal = spawn(
            (
                *(sys.executable, "-c", "from installer.cli.main import main; main()"),
                *("ssl", *arguments, "--data-directory", str(cluster.root)),
            ),
            timeout=30,
            columns=160,
        )
        for question, answer in zip((first, second), answers, strict=False):
            terminal.expect_exact(question)
            terminal.send(answer)
        terminal.expect_exact("Nothing was changed.")
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert terminal.exitstatus == 0
    assert (cluster.private_ca / "root.pem").read_bytes() == before
