"""The setup wizard in a terminal, and its answers."""

from __future__ import annotations

import sys
from pathlib import Path

import pexpect

from tests.support.engine import LOOPBACK
from tests.support.setup.host import Host
from tests.support.terminal import spawn

WIZARD = """
import sys
from pathlib import Path
from installer.setup.plan import SetupOptions
from installer.setup.run import run
from runtime.base.errors import explain
try:
    sys.exit(run(SetupOptions(default_file=Path(sys.argv[1]))).exit_code)
except Exception as error:
    sentence, code = explain(error)
    print(sentence, file=sys.stderr)
    sys.exit(code)
"""
ENTER, DOWN, ERASE, STOP = "\r", "\x1b[B", "\x15", "\x03"
# questionary's keys of a list with ticks: the first time all are ticked, then none.
ALL = "a"
STEP_SECONDS, START_SECONDS = 20, 120


class Terminal:
    """A wizard in a terminal of its own."""

    def __init__(self, host: Host) -> None:
        self.process = spawn((sys.executable, "-c", WIZARD, str(host.default_file)), STEP_SECONDS)

    def answer(self, question: str, *keys: str) -> None:
        """Wait for a question, then press keys and Enter."""
        self.process.expect_exact(question)
        for key in (*keys, ENTER):
            self.process.send(key)

    def type(self, question: str, text: str) -> None:
        """Wait for a question and replace what it offers."""
        self.answer(question, ERASE, text)

    def ends(self) -> int | None:
        """Wait for the end; the exit code."""
        self.process.expect(pexpect.EOF, timeout=START_SECONDS)
        self.process.close()
        code: int | None = self.process.exitstatus
        return code


def first_address() -> str:
    """Return the address that the wizard offers first for the public side."""
    from installer.host import facts

    return facts.gather(Path("/")).default_address or LOOPBACK


def answer_all(terminal: Terminal, host: Host) -> None:
    terminal.type("Directory for configuration and data", str(host.paths.root))
    terminal.type("Your domain", "example.test")
    terminal.type("E-mail for certificate authorities", "ops@example.test")
    terminal.answer("Public address")
    terminal.type("Public port for HTTP ", str(host.public_http))
    terminal.type("Public port for HTTPS", str(host.public_https))
    terminal.answer("How will you reach internal services?")
    terminal.type("Internal port for HTTP ", str(host.internal_http))
    terminal.answer("Internal domain")
    terminal.answer("HTTPS for internal services")
    terminal.type("Internal port for HTTPS", str(host.internal_https))
    terminal.answer("Certificates from Let's Encrypt")
    terminal.answer("Container images", DOWN)
    # Those have tests of their own.
    terminal.answer("Internal services", ALL, ALL)
    terminal.process.expect_exact("none")
