"""Setup by questions in a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.setup import run
from runtime.base.errors import ExitCode
from runtime.base.paths import Paths
from runtime.context.cluster import open_cluster
from runtime.reconcile import operations
from tests.support.engine import LOOPBACK
from tests.support.setup.host import Host, conf_and_data
from tests.support.setup.terminal import ENTER, START_SECONDS, STOP, Terminal, answer_all, first_address


def test_wizard_serves_page(host: Host, tmp_path: Path) -> None:
    terminal = Terminal(host)
    answer_all(terminal, host)
    terminal.process.expect_exact("built on this host")
    assert not host.paths.root.parent.exists(), "something was written before the user confirmed"
    terminal.answer("Write this and start?")
    terminal.process.expect_exact("✓ data directory")
    terminal.process.expect_exact("Done in", timeout=START_SECONDS)
    assert terminal.ends() == 0
    address = first_address()
    assert "in the container <b>example</b>" in host.page(address)

    by_questions = conf_and_data(host.paths)
    cluster = open_cluster(host.paths)
    assert operations.stop(cluster, timeout=60).ok
    cluster.client.close()
    twin = Host(Paths(tmp_path / "twin" / host.paths.root.name), host.default_file, 0, 0, 0, 0)
    public = f"{{address: {address}, http_port: {host.public_http}, https_port: {host.public_https}}}"
    answers = twin.answers(public=public, internal=host.internal)
    assert run.run(twin.options(answers)).exit_code is ExitCode.DONE
    assert conf_and_data(twin.paths) == by_questions


def test_wizard_offers_current_settings(host: Host) -> None:
    run.run(host.options())
    terminal = Terminal(host)
    terminal.type("Directory for configuration and data", str(host.paths.root))
    for question, offered in (
        ("Your domain", "example.test"),
        ("E-mail for certificate authorities", "ops@example.test"),
        ("Public address", f"{LOOPBACK} (current)"),
        ("Public port for HTTP ", str(host.public_http)),
        ("Public port for HTTPS", str(host.public_https)),
        ("How will you reach internal services?", "An SSH tunnel"),
        ("Internal port for HTTP ", str(host.internal_http)),
        ("Internal domain", "internal.example.test"),
        ("HTTPS for internal services", "Yes, by a CA of your own"),
        ("Internal port for HTTPS", str(host.internal_https)),
        ("Certificates from Let's Encrypt", "production"),
    ):
        terminal.process.expect_exact(question)
        terminal.process.expect_exact(offered)
        terminal.process.send(ENTER)
    terminal.answer("Container images")
    terminal.answer("Internal services")
    terminal.process.expect_exact("Nothing changes in the files.")
    terminal.process.expect_exact("start?")
    terminal.process.send("n")
    terminal.process.expect_exact("Nothing was written.")
    assert terminal.ends() == 0


@pytest.mark.parametrize("at", ["Your domain", "Public address", "Write this and start?"])
def test_wizard_interrupted(host: Host, at: str) -> None:
    terminal = Terminal(host)
    if at == "Write this and start?":
        answer_all(terminal, host)
    else:
        terminal.type("Directory for configuration and data", str(host.paths.root))
        if at == "Public address":
            terminal.type("Your domain", "example.test")
            terminal.answer("E-mail for certificate authorities")
    terminal.process.expect_exact(at)
    terminal.process.send(STOP)
    terminal.process.expect_exact("Stopped; nothing was written.")
    assert terminal.ends() == ExitCode.FAILED
    assert not host.paths.root.parent.exists()
    assert not host.default_file.exists()


def test_wizard_invalid_answers(host: Host) -> None:
    terminal = Terminal(host)
    terminal.type("Directory for configuration and data", "/etc")
    terminal.process.expect_exact("/etc is not empty, and not a Shoestring data directory")
    terminal.type("Directory for configuration and data", str(host.paths.root))
    terminal.type("Your domain", "localhost")
    terminal.process.expect_exact("'localhost' is not a domain; one looks like example.com")
    terminal.type("Your domain", "example.test")
    terminal.answer("E-mail for certificate authorities")
    terminal.answer("Public address")
    terminal.type("Public port for HTTP ", "70000")
    terminal.process.expect_exact("70000 is not a port (1 to 65535)")
    terminal.type("Public port for HTTP ", str(host.public_http))
    terminal.type("Public port for HTTPS", str(host.public_http))
    terminal.process.expect_exact(f"{host.public_http} is public.http_port already")
    terminal.process.send(STOP)
    assert terminal.ends() == ExitCode.FAILED
