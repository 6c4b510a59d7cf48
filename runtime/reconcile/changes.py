"""The changes that a plan is made of. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.base.paths import Side
from runtime.certificates.model import DesiredCertificate
from runtime.docker.observed import Container
from runtime.docker.projects import Project

NEW, CHANGED, REMOVED = "+", "~", "-"


@dataclass(frozen=True)
class CreateNetwork:
    """A network of ours is missing. `name` is its name in Docker."""

    name: str
    sign = NEW
    kind = "create-network"

    @property
    def about(self) -> str:
        """What a person reads."""
        return "network"


@dataclass(frozen=True)
class InstallProxy:
    """A proxy's configuration differs from the one that is installed, or that its process runs.

    With `force` the process loads it even if nothing differs.
    """

    side: Side
    about: str
    force: bool = False
    inputs: str = ""
    sign = CHANGED
    kind = "install-proxy"

    @property
    def name(self) -> str:
        """What a person reads first."""
        return f"proxy {self.side}"


@dataclass(frozen=True)
class InstallNames:
    """The host names that VPN clients are told are not those of the files.

    `lost`: the directory that the resolver's container has mounted was removed.
    """

    file: Path
    content: str
    about: str
    lost: bool = False
    sign = CHANGED
    kind = "install-names"
    name = "names"


@dataclass(frozen=True)
class InstallFirewall:
    """The firewall is not what the files say. `content` are its rules, for nft(8); empty: it goes."""

    file: Path
    content: str
    table: str
    about: str
    sign: str = CHANGED
    kind = "install-firewall"
    name = "firewall"


@dataclass(frozen=True)
class ApplyProject:
    """A project's containers are not what its files say.

    `changed`: the files want something else than before; not so where a container only has gone or ended.
    `recreate` are services whose containers someone has altered; Compose would not see it. `services` are all that
    differ.
    """

    project: Project
    sign: str
    about: str
    changed: bool = True
    recreate: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    kind = "apply"

    @property
    def name(self) -> str:
        """The application's name, or `core`."""
        return self.project.application


@dataclass(frozen=True)
class RestartContainer:
    """A container that is what its file says, and does not do what it should; Docker leaves it like that."""

    project: Project
    container: Container
    about: str
    sign = CHANGED
    kind = "restart"

    @property
    def name(self) -> str:
        """The application's name, or `core`."""
        return self.project.application


@dataclass(frozen=True)
class RemoveProject:
    """A project's containers go; its data stays. `project` is its name for Compose."""

    name: str
    project: str
    about: str
    sign = REMOVED
    kind = "remove"


@dataclass(frozen=True)
class RemoveNetwork:
    """A network of ours that nothing uses any more."""

    name: str
    id: str
    sign = REMOVED
    kind = "remove-network"

    @property
    def about(self) -> str:
        """What a person reads."""
        return "network"


@dataclass(frozen=True)
class IssueCertificate:
    """A certificate is missing or due.

    `forced`: a person asks for it, so that delays after failures do not hold. With `staging_only` it is tried at
    staging, and nothing is installed.
    """

    wanted: DesiredCertificate
    sign: str
    about: str
    forced: bool = False
    staging_only: bool = False
    kind = "issue-certificate"

    @property
    def name(self) -> str:
        """What a person reads first."""
        return f"certificate {self.wanted.name}"


@dataclass(frozen=True)
class LoadCertificates:
    """What lies in a proxy's folder is not what its process serves."""

    side: Side
    about: str
    sign = CHANGED
    kind = "load-certificates"

    @property
    def name(self) -> str:
        """What a person reads first."""
        return f"certificates {self.side}"


@dataclass(frozen=True)
class ArchiveCertificate:
    """A certificate of ours has expired, and nothing needs it any more."""

    side: Side
    certificate: str
    about: str
    sign = REMOVED
    kind = "archive-certificate"

    @property
    def name(self) -> str:
        """What a person reads first."""
        return f"certificate {self.certificate}"


CertificateChange = IssueCertificate | LoadCertificates | ArchiveCertificate
Change = (
    CreateNetwork
    | InstallProxy
    | InstallNames
    | InstallFirewall
    | ApplyProject
    | RestartContainer
    | RemoveProject
    | RemoveNetwork
    | CertificateChange
)
Plan = tuple[Change, ...]
