"""A host in a network namespace of its own, with a container behind Docker's rules, and neighbours on three sides.

    outside ── eth0 ┐            ┌ docker0 ── container
                    ├─── host ───┤
    private ── eth1 ┘            └ wg0 ── client (a plain cable: who comes by it is in the VPN)

Nothing of it is in the machine's own namespace but, for a moment, the commands that build it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from installer import data_directory
from runtime.paths import RUN_ROOT, Paths, Side
from runtime.sections import InternalSettings, PublicSettings, WireguardSettings
from runtime.settings import Settings
from tests.engine import scanners
from tests.engine.support import until
from tests.engine.vpn_stand import MAIN, Namespace

# RFC 5737 and RFC 3849; in the namespaces alone.
HOST, OUTSIDE = "192.0.2.1", "192.0.2.2"
HOST6, OUTSIDE6 = "2001:db8::1", "2001:db8::2"
PRIVATE, NEIGHBOUR = "10.0.0.5", "10.0.0.6"
VPN, CLIENT = "10.12.0.1", "10.12.0.2"
PRIVATE6, NEIGHBOUR6 = "fd10::5", "fd10::6"
VPN_NETWORK6, VPN6, CLIENT6 = "fd12::/64", "fd12::1", "fd12::2"
BRIDGE, CONTAINER = "172.17.0.1", "172.17.0.2"
PUBLISHED, OPENED = 9999, 25565
SSH = 22
TCP_PORTS = (SSH, 80, 443, 3306, 8081, PUBLISHED, OPENED, 60000)
UDP_PORTS = (53, 123, 5353, 51820)
APPLICATIONS = f"""
x-open-ports: [{OPENED}, 53/udp]
services:
  application: {{image: none, ports: ["{PUBLISHED}:80", "{OPENED}:80"]}}
"""
# Listens on all addresses at TCP and UDP ports, under the name of another program, and answers each who asks.
LISTENER = """
import selectors, socket, sys
with open('/proc/self/comm', 'w') as name:
    name.write(sys.argv[3])
selector = selectors.DefaultSelector()
def listen(kind, port):
    sock = socket.socket(socket.AF_INET6, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(('::', port))
    if kind == socket.SOCK_STREAM:
        sock.listen(1000)
    selector.register(sock, selectors.EVENT_READ)
for port in sys.argv[1].split(','):
    listen(socket.SOCK_STREAM, int(port))
for port in filter(None, sys.argv[2].split(',')):
    listen(socket.SOCK_DGRAM, int(port))
while True:
    for key, _ in selector.select():
        if key.fileobj.type == socket.SOCK_STREAM:
            key.fileobj.accept()[0].close()
        else:
            data, address = key.fileobj.recvfrom(1000)
            key.fileobj.sendto(data, address)
            if data.startswith(b'told '):
                print(data.decode().strip(), flush=True)
"""
# What Docker 20.10 makes for a container with these two ports; see `iptables-save` on a host that runs it.
DOCKER_NAT = (
    "-N DOCKER",
    "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
    "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
    "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
    f"-A POSTROUTING -s {CONTAINER}/32 -d {CONTAINER}/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
    "-A DOCKER -i docker0 -j RETURN",
    f"-A DOCKER ! -i docker0 -p tcp -m tcp --dport {PUBLISHED} -j DNAT --to-destination {CONTAINER}:80",
    f"-A DOCKER ! -i docker0 -p tcp -m tcp --dport {OPENED} -j DNAT --to-destination {CONTAINER}:80",
)
DOCKER_FILTER = (
    "-N DOCKER",
    "-N DOCKER-USER",
    "-P FORWARD DROP",
    "-A FORWARD -j DOCKER-USER",
    "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A FORWARD -o docker0 -j DOCKER",
    "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
    "-A FORWARD -i docker0 -o docker0 -j ACCEPT",
    f"-A DOCKER -d {CONTAINER}/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
)


class Stand:
    """The namespaces, and a data directory for the host. `vpn`: the internal side is the VPN's."""

    def __init__(self, root: Path, *, vpn: bool = False) -> None:
        self.token = secrets.token_hex(3)
        self.root, self.paths = root, Paths(root / "data-directory")
        self._namespaces: list[Namespace] = []
        self._processes: list[subprocess.Popen[str]] = []
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
            internal=InternalSettings(address=PRIVATE),
        )
        if not vpn:
            return made
        return replace(
            made,
            internal=InternalSettings(address=VPN),
            wireguard=WireguardSettings(enabled=True, network6=VPN_NETWORK6),
        )

    def _build(self) -> None:
        self.host = self._namespace("host")
        self.host.check("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0")
        self.outside = self._neighbour("outside", "eth0", f"{HOST}/24", f"{OUTSIDE}/24")
        self._also(self.outside, "eth0", HOST6, OUTSIDE6)
        # As a host on a provider's network: everything else is behind the gateway.
        self.host.check("ip", "route", "add", "default", "via", OUTSIDE)
        self.host.check("ip", "route", "add", "default", "via", OUTSIDE6)
        for network in ("10.0.0.0/8", "172.16.0.0/12"):
            self.outside.check("ip", "route", "add", network, "via", HOST)
        self.private = self._neighbour("private", "eth1", f"{PRIVATE}/24", f"{NEIGHBOUR}/24")
        self.client = self._neighbour("client", "wg0", f"{VPN}/24", f"{CLIENT}/24")
        self._also(self.private, "eth1", PRIVATE6, NEIGHBOUR6)
        self._also(self.client, "wg0", VPN6, CLIENT6)
        self.container = self._neighbour("container", "docker0", f"{BRIDGE}/16", f"{CONTAINER}/16", bridge=True)
        for inside, gateway in ((self.private, PRIVATE), (self.client, VPN), (self.container, BRIDGE)):
            inside.check("ip", "route", "add", "default", "via", gateway)
        self.host.check("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=0")
        self._listen(self.host, (SSH,), name="sshd")
        self.listener = self._listen(self.host, (port for port in TCP_PORTS if port != SSH), UDP_PORTS)
        self._listen(self.container, (80,))
        self._listen(self.outside, (80,))

    def _namespace(self, kind: str) -> Namespace:
        made = Namespace(f"{kind[:4]}{self.token}")
        subprocess.run(("ip", "netns", "add", made.name), check=True)
        self._namespaces.append(made)
        made.check("ip", "link", "set", "lo", "up")
        return made

    def _neighbour(self, kind: str, interface: str, here: str, there: str, *, bridge: bool = False) -> Namespace:
        """A namespace with a cable to the host, or to a bridge of it; its own end is called eth0."""
        made = self._namespace(kind)
        end = "veth0" if bridge else interface
        self.host.check("ip", "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", made.name)
        if bridge:
            self.host.check("ip", "link", "add", interface, "type", "bridge")
            self.host.check("ip", "link", "set", end, "master", interface, "up")
        self.host.check("ip", "address", "add", here, "dev", interface)
        made.check("ip", "address", "add", there, "dev", "eth0")
        self.host.check("ip", "link", "set", interface, "up")
        made.check("ip", "link", "set", "eth0", "up")
        return made

    def _also(self, neighbour: Namespace, interface: str, here: str, there: str) -> None:
        """Both ends of a cable have an IPv6 address too."""
        self.host.check("ip", "address", "add", f"{here}/64", "dev", interface, "nodad")
        neighbour.check("ip", "address", "add", f"{there}/64", "dev", "eth0", "nodad")

    def _listen(
        self, namespace: Namespace, tcp: Iterable[int], udp: Iterable[int] = (), name: str = "server"
    ) -> subprocess.Popen[str]:
        listed = tuple(tcp)
        ports = (",".join(map(str, listed)), ",".join(map(str, udp)))
        process = self.start(namespace, sys.executable, "-c", LISTENER, *ports, name)
        until(lambda: self.reaches(namespace, "127.0.0.1", listed[0]), bool)
        return process

    def start(self, namespace: Namespace, *argv: str) -> subprocess.Popen[str]:
        """Run a program there until `close`."""
        process = subprocess.Popen(namespace.argv(*argv), stdout=subprocess.PIPE, text=True)
        self._processes.append(process)
        return process

    def publish(self, iptables: str = "iptables-nft") -> None:
        """Make the rules that Docker makes for the container's ports."""
        for table, listed in (("nat", DOCKER_NAT), ("filter", DOCKER_FILTER)):
            for rule in listed:
                self.host.check(iptables, "-t", table, *rule.split())

    def scan(
        self, by: Namespace, address: str, first: int = 1, end: int = 65536, seconds: float = 1.0
    ) -> tuple[list[int], int]:
        """The TCP ports that answer, and how many refuse: a port that is dropped does neither.

        `seconds` is how long nothing has to come before it is over.
        """
        answered, refused = json.loads(
            by.check(sys.executable, "-c", scanners.TCP, address, json.dumps([first, end]), str(seconds))
        )
        return answered, refused

    def scan_udp(self, by: Namespace, address: str, seconds: float = 1.0) -> list[int]:
        """The UDP ports that answer, of all."""
        found: list[int] = json.loads(by.check(sys.executable, "-c", scanners.UDP, address, str(seconds)))
        return found

    def reaches(self, by: Namespace, address: str, port: int, seconds: float = 1.0) -> bool:
        """Whether a connection to a TCP port can be made."""
        done = by.run(sys.executable, "-S", "-c", scanners.CONNECT, address, str(port), str(seconds))
        assert done.returncode in (0, 3), done.stderr
        return done.returncode == 0

    def spoof(self, *sent: tuple[str, str, int, str]) -> None:
        """From outside, send the host datagrams with other sources: each a source, target, port and text."""
        listed = [f"{source},{target},{port},{text}" for source, target, port, text in sent]
        self.outside.check(sys.executable, "-c", scanners.SPOOF, *listed)

    def shoestring(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the host."""
        data = ("--data-directory", str(self.paths.root))
        return self.host.run(sys.executable, "-c", MAIN, *argv, *data)

    def python(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run a program on the host; `paths` are those of the data directory."""
        root = str(self.paths.root)
        begin = f"from pathlib import Path; from runtime.paths import Paths; paths = Paths(Path({root!r}))"
        return self.host.run(sys.executable, "-c", f"{begin}\n{text}")

    def rules(self) -> str:
        """The whole rule set of the host, without what its counters have counted."""
        return self.host.check("nft", "--stateless", "list", "ruleset")

    def close(self) -> None:
        """End all that runs in the namespaces, then remove them."""
        for namespace in self._namespaces:
            argv = ("ip", "netns", "pids", namespace.name)
            for pid in subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        for process in self._processes:
            process.communicate()
        for namespace in self._namespaces:
            subprocess.run(("ip", "netns", "delete", namespace.name), check=False)
        run = RUN_ROOT / f"t{self.token}"
        for name in ("lock", "firewall-undo.nft"):
            (run / name).unlink(missing_ok=True)
        if run.is_dir():
            run.rmdir()
