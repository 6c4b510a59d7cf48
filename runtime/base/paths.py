"""Every path that Shoestring uses, from one root: the data directory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runtime.base import constants
from runtime.base.constants import ATTEMPTS, ENVIRONMENT_VARIABLE, LAST_RUN, LOCK, STOPPED
from runtime.base.errors import UsageError

DEFAULT_DIRECTORY_FILE = Path(constants.DEFAULT_DIRECTORY_FILE)
RUN_ROOT = Path("/run/shoestring")
DEFAULT_DATA_DIRECTORY = Path("/srv/shoestring")


class Side(StrEnum):
    """Which proxy serves an application, and on which network."""

    PUBLIC = "public"
    INTERNAL = "internal"


@dataclass(frozen=True)
class Paths:
    """The layout of one data directory."""

    root: Path

    @property
    def conf(self) -> Path:
        """Return the directory that the user edits; a git repository."""
        return self.root / "conf"

    @property
    def data(self) -> Path:
        """Return the directory of all data, `${DATA_BASE_PATH}` in application files."""
        return self.root / "data"

    @property
    def generated(self) -> Path:
        """Return the directory that may be deleted at any time and is created again."""
        return self.root / "generated"

    @property
    def settings(self) -> Path:
        """Return the one settings file."""
        return self.conf / "shoestring.yaml"

    @property
    def secrets(self) -> Path:
        """Return the file of generated passwords and tokens, 0600, never committed."""
        return self.conf / "secrets.yaml"

    @property
    def core_compose(self) -> Path:
        """Return the Compose file of the two proxies."""
        return self.generated / "core.compose.yaml"

    def applications(self, side: Side) -> Path:
        """Return the directory with the application files of one side."""
        return self.conf / f"applications-{side}"

    def override(self, side: Side, application: str) -> Path:
        """Return the Compose override that adds networks, labels and image names to an application file."""
        return self.generated / "overrides" / side / f"{application}.yaml"

    def accepted(self, side: Side, application: str) -> Path:
        """Return the last valid copy of an application file; its host names stay served while the file is invalid."""
        return self.generated / "accepted" / side / f"{application}.yaml"

    def proxy_template(self, side: Side) -> Path:
        """Return the user's template of a proxy's configuration."""
        return self.conf / f"haproxy-{side}" / "haproxy.cfg.j2"

    def proxy_generated(self, side: Side) -> Path:
        """Return the directory that is mounted into the proxy's container, with `haproxy.cfg`."""
        return self.generated / f"haproxy-{side}"

    @property
    def names_generated(self) -> Path:
        """Return the directory from which the resolver of VPN clients reads host names."""
        return self.generated / "names"

    @property
    def firewall_generated(self) -> Path:
        """Return the rules that are loaded at boot, before Docker starts."""
        return self.generated / "firewall.nft"

    @property
    def firewall_fallback(self) -> Path:
        """Return the rules that are loaded at boot where those of `firewall_generated` are missing or refused."""
        return self.memory / "firewall-fallback.nft"

    @property
    def isolation_generated(self) -> Path:
        """Return the rules that keep neighbors of this host from containers, loaded at boot before Docker starts."""
        return self.generated / "isolation.nft"

    @property
    def wireguard(self) -> Path:
        """Return the keys of the VPN, its server's configuration and its clients; 0700, never committed."""
        return self.conf / "wireguard"

    def proxy_certificates(self, side: Side) -> Path:
        """Return the directory with `NAME.pem` and `NAME.pem.key` that the proxy loads."""
        return self.data / f"haproxy-{side}-ssl"

    @property
    def certbot(self) -> Path:
        """Return the directory of certbot: accounts and originals in `etc`, its work in `var`."""
        return self.data / "letsencrypt"

    @property
    def lego(self) -> Path:
        """Return the directory of lego: accounts and originals; `staging` has those of trials."""
        return self.data / "lego"

    @property
    def private_ca(self) -> Path:
        """Return the private CA: `root.pem` and `root.key`."""
        return self.data / "private-ca"

    @property
    def certificate_archive(self) -> Path:
        """Return the directory of certificates that are no longer needed."""
        return self.data / "certificate-archive"

    @property
    def memory(self) -> Path:
        """Return the directory of state that survives a restart: attempts at certificates, notifications."""
        return self.data / "shoestring"

    @property
    def ledger(self) -> Path:
        """Return the file of requests to certificate authorities; see runtime/certificates/policy/ledger.py."""
        return self.memory / "certificates.json"

    @property
    def notified(self) -> Path:
        """Return when each subject was last notified; see runtime/alerting/notify.py."""
        return self.memory / "notified.json"

    @property
    def incidents(self) -> Path:
        """Return the open incidents; see runtime/alerting/incident.py."""
        return self.memory / "incidents.json"

    @property
    def firewall(self) -> Path:
        """Return the file of a confirmed firewall, with the SSH ports at that time; see runtime/firewall/ssh.py."""
        return self.memory / "firewall.json"

    @property
    def challenge_map(self) -> Path:
        """Return the file with the thumbprint of the ACME account, with which the public proxy answers challenges."""
        return self.proxy_generated(Side.PUBLIC) / "challenge.map"


@dataclass(frozen=True)
class RunPaths:
    """The paths of one instance that last until the next boot: locks, sockets and state."""

    instance: str
    root: Path = RUN_ROOT

    @property
    def directory(self) -> Path:
        """Return the directory of this instance."""
        return self.root / self.instance

    @property
    def lock(self) -> Path:
        """Return the lock of every command that changes something."""
        return self.directory / LOCK

    @property
    def certificates_lock(self) -> Path:
        """Return the lock held while certificates are requested, which may take minutes; other commands continue."""
        return self.directory / "certificates.lock"

    @property
    def vpn_lock(self) -> Path:
        """Return the lock that is held while the clients of the VPN change."""
        return self.directory / "vpn.lock"

    @property
    def stopped(self) -> Path:
        """Return the file that exists while the user has stopped the instance."""
        return self.directory / STOPPED

    @property
    def attempts(self) -> Path:
        """Return the file of the watchdog's failed attempts, with their times."""
        return self.directory / ATTEMPTS

    @property
    def notified(self) -> Path:
        """Return the file of notifications while the disk was full; see runtime/alerting/notify.py."""
        return self.directory / "notified.json"

    @property
    def incidents(self) -> Path:
        """Return the file of open incidents while the disk was full; see runtime/alerting/incident.py."""
        return self.directory / "incidents.json"

    @property
    def last_run(self) -> Path:
        """Return the file whose time is the end of the last good run of the watchdog, or start."""
        return self.directory / LAST_RUN

    def proxy(self, side: Side) -> Path:
        """Return the directory of the proxy's sockets; it is mounted into its container."""
        return self.directory / f"haproxy-{side}"

    def master_socket(self, side: Side) -> Path:
        """Return the socket of the proxy's master process."""
        return self.proxy(side) / "master.sock"


def default_data_directory() -> Path | None:
    """Return the data directory that is the default on this host, if any."""
    try:
        text = DEFAULT_DIRECTORY_FILE.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return Path(text) if text else None


def find(argument: Path | None) -> Paths:
    """Find the data directory: the argument, else the environment, else the default of the host.

    Raises UsageError if there is none, or if it is not one of ours.
    """
    from_environment = os.environ.get(ENVIRONMENT_VARIABLE)
    chosen = argument or (Path(from_environment) if from_environment else default_data_directory())
    if chosen is None:
        raise UsageError("There is no data directory on this host yet. Make one with: sudo shoestring setup")
    paths = Paths(chosen.absolute())
    if not paths.settings.is_file():
        raise UsageError(
            f"{paths.root} is not a Shoestring data directory (it has no conf/shoestring.yaml). "
            "Name another with --data-directory, or make one with: sudo shoestring setup"
        )
    return paths
