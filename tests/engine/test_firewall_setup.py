"""Setup's question about the firewall, in a terminal on a host of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.support.firewall.docker_host import OPENED, PUBLISHED
from tests.support.firewall.stand import HOST, HOST6, PROVEN, Stand, published
from tests.support.terminal import spawn

pytestmark = pytest.mark.engine

# The namespace has no systemd, and no container has to run.
WIZARD = """
import sys
from pathlib import Path
from installer.firewall import other_instances
from installer.host import facts, systemd
from installer.setup.host_setup import HostChoice
from installer.setup.plan import SetupOptions
from installer.setup.run import run
from runtime.context.results import Report
systemd.is_running = lambda: False
# The engine is that of another host: ports that other tests publish there are not used on this one.
facts.parse_containers = lambda text: ()
other_instances.parse_ports = lambda text: {}
choice = HostChoice(timers=False, swap=False, log_rotation=False)
options = SetupOptions(data_directory=Path(sys.argv[1]), default_file=Path(sys.argv[2]), host=choice)
sys.exit(run(options, lambda paths, lines: Report(())).exit_code)
"""
QUESTIONS = (
    *(
        "Your domain",
        "E-mail for certificate authorities",
        "Public address",
        "Public port for HTTP ",
        "Public port for HTTPS",
    ),
    *("How will you reach internal services?", "Internal port for HTTP ", "Internal domain"),
    *(
        "HTTPS for internal services",
        "Internal port for HTTPS",
        "Certificates from Let's Encrypt",
        "Container images",
    ),
    *("Internal services", "Close all other ports to the outside", "Write this and start?"),
)
ENTER = "\r"
# So wide that no sentence is wrapped.
COLUMNS = 200


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A host whose ports are free for the proxies; SSH listens."""
    with published(tmp_path) as made:
        made.listener.kill()
        made.listener.wait()
        yield made


def test_setup_shows_open_ports_before_activation(stand: Stand, tmp_path: Path) -> None:
    argv = stand.host.argv(sys.executable, "-c", WIZARD, str(stand.paths.root), str(tmp_path / "record"))
    terminal = spawn(argv, 60, COLUMNS)
    for question in QUESTIONS:
        terminal.expect_exact(question)
        terminal.send(ENTER)
    for said in (
        "open    22/tcp",
        f"closed  {PUBLISHED}/tcp",
        "closed  all else",
        "✓ firewall                on",
        PROVEN,
        "systemd does not run here: load the rules at boot, before Docker starts, with: nft --file",
    ):
        terminal.expect_exact(said)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    # Nobody listens at the proxies' ports; the container does, by IPv4.
    assert stand.scan(stand.outside, HOST) == ([22, OPENED], 2)
    assert stand.scan(stand.outside, HOST6) == ([22], 3)
