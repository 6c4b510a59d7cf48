"""A host in a network namespace of its own, with a container behind Docker's rules, and neighbors on three sides.

    outside ── eth0 ┐            ┌ docker0 ── container
                    ├─── host ───┤
    private ── eth1 ┘            └ wg0 ── client (a plain cable: its other end is in the VPN)

Only the commands that build it run in the machine's own namespace, for a moment.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from installer.setup import data_directory
from runtime.base.paths import RUN_ROOT, Paths, Side
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, PublicSettings, WireguardSettings
from runtime.config.settings import Settings
from tests.support.engine import until
from tests.support.firewall import scanners
from tests.support.firewall.docker_host import (
    APPLICATIONS,
    BRIDGE,
    BRIDGE6,
    CONTAINER,
    CONTAINER6,
    DOCKER_FILTER,
    DOCKER_NAT,
    OPENED,
    PUBLISHED,
    PUBLISHED_UDP,
)
from tests.support.vpn.stand import MAIN, Namespace

# RFC 5737 and RFC 3849; in the namespaces alone.
HOST, OUTSIDE = "192.0.2.1", "192.0.2.2"
HOST6, OUTSIDE6 = "2001:db8::1", "2001:db8::2"
PRIVATE, NEIGHBOR = "10.0.0.5", "10.0.0.6"
VPN, CLIENT = "10.12.0.1", "10.12.0.2"
PRIVATE6, NEIGHBOR6 = "fd10::5", "fd10::6"
VPN_NETWORK6, VPN6, CLIENT6 = "fd12::/64", "fd12::1", "fd12::2"
SSH = 22
TCP_PORTS = (SSH, 80, 443, 3306, 8081, PUBLISHED, OPENED, 60000)
# Those that the firewall keeps open for everybody.
ALLOWED = [SSH, 80, 443, OPENED]
UDP_PORTS = (53, 123, 5353, PUBLISHED_UDP, 51820)
# The host forwards by both families, does not filter by reverse path, and refuses every closed UDP port by ICMP.
ROUTER = (
    *("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.conf.all.rp_filter=0"),
    *("net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratemask=0"),
)
# What the lockout check reports if both families can be tested.
PROVEN = "SSH answers on port 22 by IPv4 and IPv6, checked from a network namespace through these rules."


class Stand:
    """The namespaces, and a data directory for the host. `vpn`: the internal side is the VPN's."""

    def __init__(self, root: Path, *, vpn: bool = False) -> None:
        self.token = secrets.token_hex(3)
        self.root, self.paths = root, Paths(root / "data-directory")
        self._namespaces: list[Namespace] = []
        self._processes: list[subprocess.Popen[str]] = []
        self._senders = itertools.count(4444)
        data_directory.create(self.paths, self.settings(vpn=vpn))
        (self.paths.applications(Side.PUBLIC) / "game.yaml").write_text(APPLICATIONS)
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def settings(self, *, vpn: bool) -> Settings:
        made = Settings(
            domain="example.test",
            email="ops@example.test",
            instance=f"t{self.token}",
            public=PublicSettings(address="::"),
            internal=InternalSettings(address=FixedAddress(PRIVATE)),
        )
        if not vpn:
            return made
        return replace(
            made,
            internal=InternalSettings(address=FixedAddress(VPN)),
            wireguard=WireguardSettings(enabled=True, network6=VPN_NETWORK6),
        )

    def _build(self) -> None:
        self.host = self._namespace("host")
        self.host.check("sysctl", "-qw", *ROUTER)
        self.outside = self.join("outside", "eth0", f"{HOST}/24", f"{OUTSIDE}/24")
        self._also(self.outside, "eth0", HOST6, OUTSIDE6)
        # As a host on a provider's network: everything else is behind the gateway.
        self.host.check("ip", "route", "add", "default", "via", OUTSIDE)
        self.host.check("ip", "route", "add", "default", "via", OUTSIDE6)
        for network, gateway in (("10.0.0.0/8", HOST), ("172.16.0.0/12", HOST), ("fd00::/8", HOST6)):
            self.outside.check("ip", "route", "add", network, "via", gateway)
        self.private = self.join("private", "eth1", f"{PRIVATE}/24", f"{NEIGHBOR}/24")
        self.client = self.join("client", "wg0", f"{VPN}/24", f"{CLIENT}/24")
        self.container = self.join("container", "docker0", f"{BRIDGE}/16", f"{CONTAINER}/16", bridge="veth0")
        self._also(self.private, "eth1", PRIVATE6, NEIGHBOR6)
        self._also(self.client, "wg0", VPN6, CLIENT6)
        self._also(self.container, "docker0", BRIDGE6, CONTAINER6)
        for inside, *gateways in (
            (self.private, PRIVATE, PRIVATE6),
            (self.client, VPN, VPN6),
            (self.container, BRIDGE, BRIDGE6),
        ):
            for gateway in gateways:
                inside.check("ip", "route", "add", "default", "via", gateway)
        self.host.check("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=0")
        self.listen(self.host, (SSH,), name="sshd")
        self.listener = self.listen(self.host, (port for port in TCP_PORTS if port != SSH), UDP_PORTS)
        self.listen(self.container, (80,), (53,))
        for each in (self.outside, self.private, self.client):
            self.listen(each, (80,))

    def _namespace(self, kind: str) -> Namespace:
        made = Namespace(f"{kind[:4]}{self.token}")
        subprocess.run(("ip", "netns", "add", made.name), check=True)
        self._namespaces.append(made)
        # Addresses are usable at once: there are no duplicates (RFC 4862 section 5.1).
        made.check("sysctl", "-qw", "net.ipv6.conf.default.dad_transmits=0")
        made.check("ip", "link", "set", "lo", "up")
        return made

    def join(self, kind: str, interface: str, here: str, there: str, *, bridge: str = "") -> Namespace:
        """Return a namespace with a cable to the host, or to port `bridge` of its bridge; its own end is eth0."""
        made = self._namespace(kind)
        end = bridge or interface
        self.host.check("ip", "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", made.name)
        if bridge:
            self.host.check("ip", "link", "add", interface, "type", "bridge")
            self.host.check("ip", "link", "set", end, "master", interface, "up")
        self.host.check("ip", "address", "add", here, "dev", interface)
        made.check("ip", "address", "add", there, "dev", "eth0")
        self.host.check("ip", "link", "set", interface, "up")
        made.check("ip", "link", "set", "eth0", "up")
        return made

    def _also(self, neighbor: Namespace, interface: str, here: str, there: str) -> None:
        """Give both ends of a cable an IPv6 address too."""
        self.host.check("ip", "address", "add", f"{here}/64", "dev", interface, "nodad")
        neighbor.check("ip", "address", "add", f"{there}/64", "dev", "eth0", "nodad")

    def listen(
        self, namespace: Namespace, tcp: Iterable[int], udp: Iterable[int] = (), name: str = "server"
    ) -> subprocess.Popen[str]:
        listed = tuple(tcp)
        ports = (",".join(map(str, listed)), ",".join(map(str, udp)))
        process = self.start(namespace, sys.executable, "-c", scanners.LISTENER, *ports, name)
        until(lambda: self.reaches(namespace, "127.0.0.1", listed[0]), bool)
        return process

    def start(self, namespace: Namespace, *argv: str) -> subprocess.Popen[str]:
        """Run a program there until `close`."""
        process = subprocess.Popen(namespace.argv(*argv), stdout=subprocess.PIPE, text=True)
        self._processes.append(process)
        return process

    def publish(self, iptables: str = "iptables-nft") -> None:
        """Add the rules that Docker makes for the container's ports."""
        for table, listed in (("nat", DOCKER_NAT), ("filter", DOCKER_FILTER)):
            for rule in listed:
                self.host.check(iptables, "-t", table, *rule.split())

    def scan(
        self, by: Namespace, address: str, first: int = 1, end: int = 65536, seconds: float = 1.0
    ) -> tuple[list[int], int]:
        """Return the TCP ports that answer, and how many refuse: a port that is dropped does neither.

        The scan ends when nothing was received for `seconds`.
        """
        answered, refused = json.loads(
            by.check(sys.executable, "-c", scanners.TCP, address, json.dumps([first, end]), str(seconds))
        )
        return answered, refused

    def scan_udp(self, by: Namespace, address: str, seconds: float = 1.0) -> tuple[list[int], int]:
        """Return the UDP ports that answer, of all, and how many refuse; see `scan`."""
        answered, refused = json.loads(by.check(sys.executable, "-c", scanners.UDP, address, str(seconds)))
        return answered, refused

    def reaches(self, by: Namespace, address: str, port: int, seconds: float = 4.0) -> bool:
        """Return whether a connection to a TCP port can be made within `seconds`.

        A busy host loses packets; they are sent again after 1 and 3 seconds (RFC 6298 section 2).
        """
        done = by.run(sys.executable, "-S", "-c", scanners.CONNECT, address, str(port), str(seconds))
        assert done.returncode in (0, 3), done.stderr
        return done.returncode == 0

    def spoof(self, *sent: tuple[str, str, int, str]) -> None:
        """From outside, send the host packets with other sources: each a source, target, port and text.

        With a text it is a datagram, without one a SYN of TCP. Each time they are new connections to the host.
        """
        listed = [f"{source},{target},{port},{text}" for source, target, port, text in sent]
        self.outside.check(sys.executable, "-c", scanners.SPOOF, str(next(self._senders)), *listed)

    def shoestring(self, *argv: str, paths: Paths | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command on the host, with its own data directory or another one."""
        data = ("--data-directory", str((paths or self.paths).root))
        # The engine is that of another host: objects of other tests in it are not here.
        return self.host.run(sys.executable, "-c", MAIN, *argv, *data, DOCKER_HOST="unix:///nowhere")

    def python(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run a program on the host; `paths` are those of the data directory."""
        root = str(self.paths.root)
        begin = f"from pathlib import Path; from runtime.base.paths import Paths; paths = Paths(Path({root!r}))"
        return self.host.run(sys.executable, "-c", f"{begin}\n{text}")

    def rules(self) -> str:
        """Return the whole rule set of the host, without what its counters have counted."""
        return self.host.check("nft", "--stateless", "list", "ruleset")

    def switch_on(self) -> None:
        """Switch its firewall on, with the lockout check."""
        done = self.shoestring("firewall", "on", "--yes")
        assert done.returncode == 0, done.stderr
        assert PROVEN in done.stdout

    def close(self) -> None:
        """End all that runs in the namespaces, then remove them."""
        for namespace in self._namespaces:
            namespace.kill()
        for process in self._processes:
            process.communicate()
        for namespace in self._namespaces:
            namespace.delete()
        for run in RUN_ROOT.glob(f"?{self.token}"):
            for name in ("lock", "firewall-undo.nft"):
                (run / name).unlink(missing_ok=True)
            run.rmdir()


@contextlib.contextmanager
def published(root: Path, *, vpn: bool = False, iptables: str = "iptables-nft") -> Iterator[Stand]:
    """Yield a host with a container's ports published, and no firewall yet."""
    with contextlib.closing(Stand(root, vpn=vpn)) as made:
        made.publish(iptables)
        yield made
