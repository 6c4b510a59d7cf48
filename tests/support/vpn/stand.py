"""A server and its clients, each in a network namespace of its own, joined by cables of their own.

Only the commands that build it run in the machine's own namespace, for a moment.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from installer.data_directory import settings_edit
from installer.host import wireguard
from installer.setup import data_directory
from installer.vpn import clients
from installer.vpn.peers import RunningInterface, parse_dump
from runtime.base.paths import RUN_ROOT, Paths
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, InternalTls, WireguardSettings
from runtime.config.settings import Settings
from tests.support.engine import until

REPOSITORY = Path(__file__).parents[3]
MAIN = "from installer.cli.main import main; main()"
# RFC 5737 and RFC 4193; in the namespaces alone.
ENDPOINT = "192.0.2.1"
NETWORK, NETWORK6 = "10.12.0.0/24", "fd12:3456:789a::/64"
SERVER, SERVER6 = "10.12.0.1", "fd12:3456:789a::1"
PAGE = "an internal page"
HTTP_PORT = 8081

# Serves a page, and at /stream numbered lines until the client disconnects.
WEB_SERVER = f"""
import http.server, itertools, socket, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if self.path != '/stream':
            self.wfile.write({PAGE!r}.encode())
            return
        for number in itertools.count():
            self.wfile.write(b'%d %s\\n' % (number, b'x' * 2000))
            time.sleep(0.01)
    def log_message(self, *arguments):
        pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
Server(('::', {HTTP_PORT}), Handler).serve_forever()
"""
# Prints the number of each line of /stream as it comes.
DOWNLOAD = f"""
import urllib.request
for line in urllib.request.urlopen('http://{SERVER}:{HTTP_PORT}/stream', timeout=20):
    print(line.split()[0].decode(), flush=True)
"""
# In place of a client's resolver daemon: wg-quick only has to find the command.
RESOLVCONF = "#!/bin/sh\ncat > /dev/null\n"


@dataclass(frozen=True)
class Namespace:
    """A network namespace."""

    name: str

    def run(self, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program in it to its end."""
        return subprocess.run(
            self.argv(*argv),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=REPOSITORY,
            env={**os.environ, **environment},
        )

    def check(self, *argv: str, **environment: str) -> str:
        """Run a program in it that must succeed; return its output."""
        done = self.run(*argv, **environment)
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
        return done.stdout

    def argv(self, *argv: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name, *argv)

    def kill(self) -> None:
        """End all that runs in it."""
        listed = subprocess.run(("ip", "netns", "pids", self.name), capture_output=True, text=True, check=False)
        for pid in map(int, listed.stdout.split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def delete(self) -> None:
        """Remove it, with its devices."""
        subprocess.run(("ip", "netns", "delete", self.name), check=False)

    def fetch(self, address: str, timeout: int = 10) -> subprocess.CompletedProcess[str]:
        """Ask for the page."""
        return self.run(
            "curl", "--silent", "--show-error", "--max-time", str(timeout), f"http://{address}:{HTTP_PORT}/"
        )


class Download:
    """A download that continues until `close`; `number` is that of the line that came last."""

    def __init__(self, namespace: Namespace) -> None:
        argv = namespace.argv(sys.executable, "-c", DOWNLOAD)
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.numbers: list[int] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.resume()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.numbers.append(int(line))

    def resume(self, lines: int = 100) -> None:
        """Wait until this many more lines have come."""
        before = len(self.numbers)
        until(lambda: len(self.numbers), lambda now: now >= before + lines)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class Stand:
    """A server with its data directory; `client` makes a namespace that has a cable to it."""

    def __init__(self, root: Path, network: str = NETWORK) -> None:
        self.token = secrets.token_hex(3)
        self.interface = f"wg{self.token}"
        self.root = root
        self.paths = Paths(root / "data-directory")
        self._network = network
        self._namespaces: list[Namespace] = []
        self._programs = root / "programs"
        self._programs.mkdir()
        (self._programs / "resolvconf").write_text(RESOLVCONF)
        (self._programs / "resolvconf").chmod(0o755)
        data_directory.create(self.paths, self.settings)
        try:
            self.server = self._namespace("s")
            self.server.check("ip", "address", "add", f"{ENDPOINT}/32", "dev", "lo")
            self._web = subprocess.Popen(self.server.argv(sys.executable, "-c", WEB_SERVER))
            until(lambda: self.server.fetch(ENDPOINT), lambda answer: answer.stdout == PAGE)
        except BaseException:
            self.close()
            raise

    @property
    def settings(self) -> Settings:
        return Settings(
            domain="example.test",
            email="ops@example.test",
            instance=f"t{self.token}",
            public=None,
            internal=InternalSettings(address=FixedAddress(SERVER), http_port=HTTP_PORT, tls=InternalTls.NONE),
            wireguard=WireguardSettings(
                enabled=True,
                network=self._network,
                network6=NETWORK6,
                endpoint=ENDPOINT,
                interface=self.interface,
            ),
        )

    def shoestring(self, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the server."""
        data = ("--data-directory", str(self.paths.root))
        return self.server.run(sys.executable, "-c", MAIN, *argv, *data, **environment)

    def add(self, name: str, *options: str) -> str:
        """Run `vpn add`; return the file in its output, which the user saves."""
        done = self.shoestring("vpn", "add", name, *options)
        assert done.returncode == 0, done.stderr
        text = done.stdout[done.stdout.index(f"# {name} at ") :]
        return text[: text.index("\n  Save the text above")]

    def key_of(self, name: str) -> str:
        """Return a client's public key, from its file."""
        return clients.find(clients.read_all(self.paths), name).public_key

    def edit(self, **values: object) -> None:
        """Change the VPN's settings."""
        settings = self.settings
        wanted = replace(settings, wireguard=replace(settings.wireguard, **values))  # type: ignore[arg-type]
        file = self.paths.settings
        file.write_text(settings_edit.edit(file, file.read_text(), wanted))

    def client(self, text: str) -> Namespace:
        """Return a machine with a cable to the server, on which the user has saved this file and run wg-quick."""
        number = len(self._namespaces)
        client = self._namespace("c")
        outside, inside = f"v{self.token}{number}", f"w{self.token}{number}"
        self.server.check("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", client.name)
        here, there = f"198.51.100.{4 * number + 1}", f"198.51.100.{4 * number + 2}"
        for namespace, address, link in ((self.server, here, outside), (client, there, inside)):
            namespace.check("ip", "address", "add", f"{address}/30", "dev", link)
            namespace.check("ip", "link", "set", link, "up")
        client.check("ip", "route", "add", "default", "via", here)
        file = self.root / f"c{self.token}{number}.conf"
        file.touch(mode=0o600)
        file.write_text(text)
        client.check("wg-quick", "up", str(file), PATH=f"{self._programs}:{os.environ['PATH']}")
        return client

    def live(self) -> RunningInterface:
        """Return the state of the server's interface."""
        found = parse_dump(self.server.check("wg", "show", self.interface, "dump"))
        assert found
        return found

    def _namespace(self, kind: str) -> Namespace:
        made = Namespace(f"{kind}{self.token}{len(self._namespaces)}")
        subprocess.run(("ip", "netns", "add", made.name), check=True)
        self._namespaces.append(made)
        made.check("ip", "link", "set", "lo", "up")
        return made

    def close(self) -> None:
        """End what runs in the namespaces, then remove them and all files outside of the test's directory."""
        for namespace in self._namespaces:
            namespace.kill()
        if hasattr(self, "_web"):
            self._web.wait()
        for namespace in self._namespaces:
            namespace.delete()
        names = {f"wg{self.token}", self.interface}
        for name in names:
            wireguard.configuration_file(name).unlink(missing_ok=True)
        for name in (*names, *(f"c{self.token}{number}" for number in range(len(self._namespaces)))):
            Path(f"/var/run/wireguard/{name}.sock").unlink(missing_ok=True)
        run = RUN_ROOT / f"t{self.token}"
        (run / "vpn.lock").unlink(missing_ok=True)
        if run.is_dir():
            run.rmdir()
