"""The firewall together with the real ufw and firewalld, which have copies of their files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.engine import until
from tests.support.firewall.docker_host import OPENED, PUBLISHED
from tests.support.firewall.stand import HOST, HOST6, Stand
from tests.support.vpn.stand import Namespace

pytestmark = pytest.mark.engine

# The ports that the user opened in the other firewall; only three are open in both. OPENED goes to a container, so
# ufw never sees it.
BOTH = [22, 80, 443]
THEIRS = (*BOTH, 3306, PUBLISHED)
# In a mount namespace copies take the place of what it writes. Its argument is a directory for them.
UFW = f"""
set -e
mount --make-rprivate /
cp -a /etc/ufw "$1/etc" && cp -a /etc/default/ufw "$1/default"
mount --bind "$1/etc" /etc/ufw && mount --bind "$1/default" /etc/default/ufw
mount -t tmpfs none /run
{"".join(f"ufw allow {port}/tcp;" for port in THEIRS)}
ufw --force enable
"$2"
"""
FIREWALLD = """
set -e
mount --make-rprivate /
cp -a /etc/firewalld "$1/etc" && mount --bind "$1/etc" /etc/firewalld
mount --bind "$1" /run
mkdir -p /run/dbus
dbus-daemon --system --fork
exec firewalld --nofork --nopid
"""
# What firewalld makes for an opened port, in the same hooks and priorities.
LIKE_FIREWALLD = """
table inet firewalld {
    chain filter_INPUT {
        type filter hook input priority filter + 10; policy accept;
        ct state established,related accept
        iifname "lo" accept
        tcp dport { 22, 80, 443, 3306, 9999 } accept
        meta l4proto { icmp, ipv6-icmp } accept
        reject with icmpx admin-prohibited
    }
    chain filter_FORWARD {
        type filter hook forward priority filter + 10; policy accept;
        ct state { established, related } accept
        ct status dnat accept
    }
}
"""


@dataclass(frozen=True)
class Firewalld:
    """firewalld as it runs in a namespace, with a system bus of its own."""

    namespace: Namespace
    bus: Path

    def ask(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run firewall-cmd against it."""
        address = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.bus}"}
        return self.namespace.run("firewall-cmd", *argv, **address)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A host that has no rules yet."""
    made = Stand(tmp_path)
    try:
        yield made
    finally:
        made.close()


def ufw(stand: Stand, then: str = "true") -> None:
    """Enable ufw with files of its own, then run another command with the same."""
    own = stand.root / "ufw"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    stand.host.check("unshare", "--mount", "sh", "-c", UFW.replace('"$2"', then), "sh", str(own))


def firewalld(stand: Stand) -> Firewalld:
    """Have firewalld run until the stand is closed."""
    own = stand.root / "fwd"
    own.mkdir()
    argv = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", FIREWALLD, "sh", str(own))
    stand.start(stand.host, *argv)
    made = Firewalld(stand.host, own / "dbus" / "system_bus_socket")
    until(lambda: made.ask("--state").stdout, lambda text: text == "running\n")
    for port in THEIRS:
        assert made.ask(f"--add-port={port}/tcp").returncode == 0
    return made


def saved(stand: Stand) -> str:
    """Return what ufw and Docker have in the kernel, as their own programs print it."""
    text = stand.host.check("iptables-save") + stand.host.check("ip6tables-save")
    # Comments have the time, and chains their counters.
    return "".join(f"{line.partition(' [')[0]}\n" for line in text.splitlines() if not line.startswith("#"))


def assert_only_common_ports(stand: Stand) -> None:
    """Assert that only those ports answer that both firewalls open; no UDP port, because the other one opens none."""
    assert stand.scan(stand.outside, HOST)[0] == sorted({*BOTH, OPENED})
    assert stand.scan(stand.outside, HOST6)[0] == BOTH
    for address in (HOST, HOST6):
        assert stand.scan_udp(stand.outside, address) == ([], 0)


def test_firewall_with_ufw(stand: Stand) -> None:
    stand.publish()
    ufw(stand)
    before, rules = saved(stand), stand.rules()
    assert stand.reaches(stand.outside, HOST, 3306)
    assert stand.reaches(stand.outside, HOST, PUBLISHED)
    assert stand.shoestring("firewall", "on", "--yes").returncode == 0
    assert_only_common_ports(stand)
    assert stand.reaches(stand.host, "127.0.0.1", 3306)
    assert saved(stand) == before
    # ufw reloads its own rules and keeps ours.
    ufw(stand, "ufw reload")
    assert saved(stand) == before
    assert not stand.reaches(stand.outside, HOST, PUBLISHED)
    assert stand.shoestring("firewall", "off", "--yes").returncode == 0
    assert stand.rules() == rules


@pytest.mark.skipif(not shutil.which("firewalld"), reason="firewalld is not installed, and would start with systemd")
def test_firewall_with_firewalld(stand: Stand) -> None:
    # At its start it removes the iptables rules of others; Docker then creates its own again.
    other = firewalld(stand)
    stand.publish()
    rules = stand.rules()
    assert stand.reaches(stand.outside, HOST, 3306)
    assert stand.reaches(stand.outside, HOST, PUBLISHED)
    assert stand.shoestring("firewall", "on", "--yes").returncode == 0
    assert_only_common_ports(stand)
    assert stand.reaches(stand.host, "127.0.0.1", 3306)
    assert stand.shoestring("firewall", "off", "--yes").returncode == 0
    assert stand.rules() == rules
    # firewalld reloads its own rules and keeps ours.
    assert stand.shoestring("firewall", "on", "--yes").returncode == 0
    assert other.ask("--reload").returncode == 0
    assert stand.reaches(stand.outside, HOST, 22)
    assert other.ask("--add-port=3306/tcp").returncode == 0
    assert not stand.reaches(stand.outside, HOST, 3306)
    assert '"on": true' in stand.shoestring("firewall", "status", "--json").stdout


def test_firewall_with_rules_like_firewalld(stand: Stand) -> None:
    """For machines without firewalld; the test above has the real one."""
    stand.publish()
    subprocess.run(stand.host.argv("nft", "-f", "-"), input=LIKE_FIREWALLD, text=True, check=True)
    before = stand.rules()
    assert stand.reaches(stand.outside, HOST, PUBLISHED)
    assert stand.reaches(stand.outside, HOST, 3306)
    assert stand.shoestring("firewall", "on", "--yes").returncode == 0
    assert stand.scan(stand.outside, HOST, 1, 10000)[0] == [22, 80, 443]
    assert stand.reaches(stand.host, "127.0.0.1", 3306)
    during = stand.rules()
    assert during.startswith(before)
    assert during.removeprefix(before).startswith("table inet shoestring_")
    assert stand.shoestring("firewall", "off", "--yes").returncode == 0
    assert stand.rules() == before
