"""The outside of a machine: a network namespace of this host, with a cable that ends in the machine.

    with outside(machine) as world:
        assert world.scan(HERE[0]) == ([22, 80, 443], 0)

Its programs run on this host and not in the machine, so they are as quick as without emulation.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.engine import until
from tests.support.firewall import scanners
from tests.support.machine.machine import Machine
from tests.support.vpn.stand import Namespace

# RFC 5737 and RFC 3849: the machine's addresses on the cable, and those of the namespace.
HERE = ("192.0.2.1", "2001:db8::1")
THERE = ("192.0.2.2", "2001:db8::2")
MAC = "52:54:00:12:34:99"
# The machine's end. It also boots with it: nothing waits for it, and DHCP is off.
NETWORK = f"""\
[Match]
MACAddress={MAC}
[Link]
RequiredForOnline=no
[Network]
Address={HERE[0]}/30
Address={HERE[1]}/64
DHCP=no
IPv6AcceptRA=no
"""
# linux/if_tun.h
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
# Packets that wait at the machine's end, which is slow: more than any test sends at once, so that none is lost.
QUEUE = "100000"


@dataclass(frozen=True)
class Outside:
    """The namespace. Its /etc/resolv.conf and /etc/hosts are its own once they are written (ip-netns(8))."""

    namespace: Namespace
    directory: Path

    @property
    def etc(self) -> Path:
        """The folder whose files replace those of /etc in the namespace."""
        return Path("/etc/netns") / self.namespace.name

    def check(self, *argv: str) -> str:
        """Run a program outside that must succeed; return its output."""
        return self.namespace.check(*argv)

    def curl(self, *options: str) -> str:
        """Send an HTTP request that must succeed; return the body."""
        return self.check("curl", "--silent", "--show-error", "--fail", "--max-time", "60", *options)

    def reaches(self, address: str, port: int) -> bool:
        """Return whether a connection to a TCP port can be made."""
        done = self.namespace.run(sys.executable, "-S", "-c", scanners.CONNECT, address, str(port), "5")
        assert done.returncode in (0, 3), done.stderr
        return done.returncode == 0

    def scan(self, address: str, pace: int) -> tuple[list[int], int]:
        """Return the TCP ports that answer, of all, and how many refuse: a port that is dropped does neither.

        `pace` is one that answers: when its answer arrives, all packets before it were delivered.
        """
        printed = self.check(sys.executable, "-c", scanners.TCP, address, "[1, 65536]", "2", str(pace))
        answered, refused = json.loads(printed)
        return answered, refused

    def scan_udp(self, address: str) -> tuple[list[int], int]:
        """Return the same for UDP ports."""
        answered, refused = json.loads(self.check(sys.executable, "-c", scanners.UDP, address, "5"))
        return answered, refused

    def join(self, text: str) -> None:
        """Do as a user with the file that `vpn add` prints: save it, and run wg-quick.

        No resolver daemon runs in a namespace, so its resolv.conf gets what the DNS line says.
        """
        lines = text.splitlines()
        (dns,) = (line.removeprefix("DNS = ").split(",")[0] for line in lines if line.startswith("DNS = "))
        (self.etc / "resolv.conf").write_text(f"nameserver {dns}\n")
        file = self.directory / f"{self.namespace.name}.conf"
        file.touch(mode=0o600)
        file.write_text("\n".join(line for line in lines if not line.startswith("DNS")) + "\n")
        self.check("wg-quick", "up", str(file))

    @contextlib.contextmanager
    def engine(self, root: Path) -> Iterator[tuple[str, ...]]:
        """Run a Docker Engine outside that trusts only the CA of the file `root`; yield docker's command for it."""
        home = self.directory / "engine"
        socket = f"unix://{home}/docker.sock"
        places = ("--data-root", f"{home}/data", "--exec-root", f"{home}/run", "--pidfile", f"{home}/pid")
        few = ("--bridge", "none", "--iptables=false", "--ip6tables=false", "--storage-driver", "vfs")
        # `ip netns exec` would hide the cgroups: its own /sys has none. So the resolver's file is put there by hand.
        enter = ("nsenter", f"--net=/run/netns/{self.namespace.name}", "unshare", "--mount")
        script = f'mount --bind {self.etc}/resolv.conf /etc/resolv.conf && exec "$@"'
        argv = (*enter, "sh", "-c", script, "sh", "dockerd", "--host", socket, *places, *few)
        home.mkdir()
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(argv, stdout=log, stderr=log, env={**os.environ, "SSL_CERT_FILE": str(root)})
        docker = ("docker", "--host", socket, "--config", f"{home}/config")
        try:
            until(lambda: subprocess.run((*docker, "info"), capture_output=True).returncode, lambda code: code == 0)
            yield docker
        finally:
            # It ends its containerd too.
            process.terminate()
            process.wait(60)

    def end(self) -> None:
        """End all that runs in the namespace, and remove it."""
        self.namespace.kill()
        self.namespace.delete()
        shutil.rmtree(self.etc)
        Path(f"/var/run/wireguard/{self.namespace.name}.sock").unlink(missing_ok=True)


@contextlib.contextmanager
def outside(machine: Machine) -> Iterator[Outside]:
    """Yield a namespace with a cable to a running machine, until the block ends."""
    name = f"out{secrets.token_hex(3)}"
    made = Outside(Namespace(name), machine.directory)
    made.etc.mkdir(parents=True)
    subprocess.run(("ip", "netns", "add", name), check=True)
    try:
        with _cable(made.namespace) as cable:
            machine.shell(f"cat >/etc/systemd/network/10-cable.network <<'END'\n{NETWORK}END\nnetworkctl reload")
            machine.plug(cable, MAC)
            machine.shell(f"until ip -brief address | grep {HERE[0]}/30 | grep {HERE[1]}/64; do sleep 0.2; done")
            yield made
    finally:
        made.end()


@contextlib.contextmanager
def _cable(namespace: Namespace) -> Iterator[int]:
    """Yield a network device in the namespace whose other end is the file: its holder is on the cable."""
    file = os.open("/dev/net/tun", os.O_RDWR)
    try:
        name = f"{namespace.name}c"
        fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
        subprocess.run(("ip", "link", "set", name, "netns", namespace.name, "txqueuelen", QUEUE), check=True)
        for address in (f"{THERE[0]}/30", f"{THERE[1]}/64"):
            namespace.check("ip", "address", "add", address, "dev", name, *(("nodad",) if ":" in address else ()))
        for link in ("lo", name):
            namespace.check("ip", "link", "set", link, "up")
        for here in HERE:
            namespace.check("ip", "route", "add", "default", "via", here)
        yield file
    finally:
        os.close(file)
