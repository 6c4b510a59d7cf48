"""How the firewall is rolled back: wrong rules, a lost connection, and switching it off."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from installer.setup import data_directory
from runtime.base.paths import Paths
from tests.support.engine import until
from tests.support.firewall.docker_host import PUBLISHED
from tests.support.firewall.stand import HOST, PRIVATE, Stand, published
from tests.support.vpn.stand import MAIN

pytestmark = pytest.mark.engine

TRIED = "from installer.firewall import manage\n"
# One more address of the host and of its neighbor, in the network that they share already.
SECOND, SECOND_NEIGHBOR = "10.0.0.7", "10.0.0.8"
# A process with the name of an SSH server that keeps its connections, and a client of it.
SERVER = """
import pathlib, socket
pathlib.Path("/proc/self/comm").write_text("sshd")
server, held = socket.create_server(("0.0.0.0", 2222)), []
while True:
    held.append(server.accept())
"""
CLIENT = "import signal, socket, sys; held = socket.create_connection((sys.argv[1], 2222)); signal.pause()"
# Rules that accept nothing at all, applied by a process that then ends.
WRONG = """
from dataclasses import replace
from installer.firewall import commit_confirm, manage
from runtime.firewall import rules
from runtime.firewall.model import Ruleset
found = manage.inspect(paths)
found = replace(found, rules=rules.render(Ruleset(found.ruleset.table, ())))
"""


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A host with a container's ports published, and no firewall."""
    with published(tmp_path) as made:
        yield made


def test_rollback_after_killed_process(stand: Stand) -> None:
    before = stand.rules()
    killed = stand.python(f"{WRONG}\nimport os\nmanage.begin(found, seconds=10)\nos.kill(os.getpid(), 9)")
    assert killed.returncode == -9, killed.stderr
    assert not stand.reaches(stand.outside, HOST, 22)
    until(lambda: stand.reaches(stand.outside, HOST, 22), bool)
    assert stand.rules() == before


def test_apply_checked_ssh_unreachable(stand: Stand) -> None:
    before = stand.rules()
    done = stand.python(f"{WRONG}\nmanage.apply_checked(found)")
    assert "With these rules SSH no longer answered at port 22, so they were rolled back at once." in done.stderr
    assert stand.rules() == before
    assert stand.reaches(stand.outside, HOST, PUBLISHED)


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_apply_checked_ssh_reachable_by_one_family(stand: Stand, family: str) -> None:
    before = stand.rules()
    added = f"meta nfproto {family} tcp dport 22 drop"
    one = f"text=found.rules.text.replace('chain host {{', 'chain host {{\\n{added}')"
    changed = f"replace(found, rules=replace(found.rules, {one}))"
    code = f"{WRONG}\nfound = manage.inspect(paths)\nmanage.apply_checked({changed})"
    assert "SSH no longer answered at port 22" in stand.python(code).stderr
    assert stand.rules() == before


def test_on_refused_if_session_would_be_dropped(stand: Stand) -> None:
    """A second cable into the same network: answers go back by the first, so its packets are considered spoofed."""
    end = ("peer", "name", "eth9", "netns", stand.private.name)
    stand.host.check("ip", "link", "add", "eth2", "type", "veth", *end)
    stand.host.check("ip", "address", "add", f"{SECOND}/24", "dev", "eth2")
    stand.host.check("ip", "link", "set", "eth2", "up")
    stand.private.check("ip", "address", "add", f"{SECOND_NEIGHBOR}/24", "dev", "eth9")
    stand.private.check("ip", "link", "set", "eth9", "up")
    stand.private.check("ip", "route", "add", f"{SECOND}/32", "dev", "eth9", "src", SECOND_NEIGHBOR)
    stand.private.check("sysctl", "-qw", *(f"net.ipv4.conf.{each}.rp_filter=0" for each in ("all", "eth0", "eth9")))
    stand.host.check("sysctl", "-qw", *(f"net.ipv4.conf.{each}.rp_filter=0" for each in ("eth1", "eth2")))
    before = stand.rules()
    stand.start(stand.host, sys.executable, "-S", "-c", SERVER)
    until(lambda: stand.reaches(stand.private, SECOND, 2222), bool)
    stand.start(stand.private, sys.executable, "-S", "-c", CLIENT, SECOND)
    until(lambda: f"{SECOND_NEIGHBOR}:" in stand.host.check("ss", "-Htn", "state", "established"), bool)
    done = stand.shoestring("firewall", "on", "--yes")
    said = f"The present SSH session from {SECOND_NEIGHBOR} could not connect again: it arrives by eth2 at {SECOND}"
    assert (done.returncode, f"The firewall was not changed. {said}" in done.stderr) == (1, True), done.stderr
    assert stand.rules() == before
    shown = stand.shoestring("firewall", "on", "--dry-run").stdout
    assert f"  {said}, but the route back to it is by eth1, so the rules treat it as spoofed;" in shown
    # Indeed: if the user tries the rules anyway, the next login gets no answer.
    assert stand.reaches(stand.private, SECOND, 22)
    assert stand.python(f"{TRIED}manage.begin(manage.inspect(paths, again=True), seconds=60)").returncode == 0
    assert not stand.reaches(stand.private, SECOND, 22, seconds=1.0)
    assert stand.reaches(stand.private, PRIVATE, 22)


def test_on_refused_beside_another_instance(stand: Stand) -> None:
    """The second one reports the first and changes nothing; without the first it is switched on."""
    other = Paths(stand.root / "other")
    data_directory.create(other, replace(stand.settings(vpn=False), instance=f"u{stand.token}"))
    stand.switch_on()
    before = stand.rules()
    done = stand.shoestring("firewall", "on", "--yes", paths=other)
    said = f"Instance t{stand.token} is on this host too, and its own firewall closes the ports of this one"
    assert (done.returncode, f"The firewall was not changed. {said}" in done.stderr) == (1, True), done.stderr
    assert said in stand.shoestring("firewall", "on", "--dry-run", paths=other).stdout
    assert stand.rules() == before
    assert stand.shoestring("firewall", "off", "--yes").returncode == 0
    assert stand.shoestring("firewall", "on", "--yes", paths=other).returncode == 0
    assert not stand.reaches(stand.outside, HOST, PUBLISHED, seconds=1.0)


def test_begin_ruleset_refused_by_nft(stand: Stand) -> None:
    before = stand.rules()
    broken = "found = replace(found, rules=replace(found.rules, text='table inet x { nonsense }'))"
    assert stand.python(f"{WRONG}\n{broken}\nmanage.begin(found)").returncode == 1
    assert stand.rules() == before


def test_confirm_after_timeout(stand: Stand) -> None:
    before = stand.rules()
    late = f"{WRONG}\nfound = manage.inspect(paths)\nimport time\ntried = manage.begin(found, seconds=1)"
    done = stand.python(
        f"{late}\nwhile manage.commit_confirm.is_pending(tried): time.sleep(0.1)\nmanage.confirm(found, tried)"
    )
    assert "the previous rules are active again" in done.stderr
    assert stand.rules() == before
    assert json.loads(stand.shoestring("firewall", "status", "--json").stdout)["state"] == "off"


def test_off_restores_previous_rules(stand: Stand) -> None:
    before = stand.rules()
    stand.switch_on()
    assert stand.rules() != before
    status = json.loads(stand.shoestring("firewall", "status", "--json").stdout)
    assert (status["on"], status["state"]) == (True, "on")
    assert {"port": f"{PUBLISHED}/tcp", "what": "published by game; x-open-ports would open it"} in status["closed"]
    assert stand.shoestring("firewall", "on", "--yes").stdout == "  Nothing to do: the firewall is on.\n"
    assert "firewall: on" in stand.paths.settings.read_text()
    for _ in range(2):
        assert stand.shoestring("firewall", "off", "--yes").returncode == 0
        assert stand.rules() == before
        assert not stand.paths.firewall_generated.exists()
    assert "firewall: off" in stand.paths.settings.read_text()
    assert stand.reaches(stand.outside, HOST, PUBLISHED)


def test_rollback_after_closed_terminal(stand: Stand) -> None:
    """The question in a terminal is not answered: its process is killed, as when the connection breaks."""
    before = stand.rules()
    socket = stand.root / "tmux"
    data = ("--data-directory", str(stand.paths.root))
    code = f"from installer.firewall import commit_confirm; commit_confirm.SECONDS = 5; {MAIN}"
    words = (sys.executable, "-c", code, "firewall", "on", *data)
    terminal = ("tmux", "-S", str(socket))
    begin = (*terminal, "new-session", "-d", "-x", "130", "-y", "50", *stand.host.argv(*words))
    subprocess.run(begin, check=True, cwd=Path(__file__).parents[2])
    try:
        until(lambda: shown(terminal), lambda text: "Switch the firewall on?" in text)
        subprocess.run((*terminal, "send-keys", "y"), check=True)
        until(lambda: shown(terminal), lambda text: "Keep it?" in text)
        assert not stand.reaches(stand.outside, HOST, PUBLISHED)
    finally:
        subprocess.run((*terminal, "kill-server"), check=True)
    until(stand.rules, lambda now: now == before)


def shown(terminal: tuple[str, ...]) -> str:
    return subprocess.run((*terminal, "capture-pane", "-p"), capture_output=True, text=True, check=True).stdout
