"""Makers of test data, each through the code that reads real files."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from runtime.certificates.plan import CertificatePlan
from runtime.context.change import Plan
from runtime.context.cluster import Cluster
from runtime.core.changes import InstallHostsFile
from runtime.proxy.changes import InstallProxy
from runtime.proxy.configuration import ConfigurationDifference as ProxyChange
from runtime.proxy.install import ProxyDifference
from runtime.proxy.model import ProxyModel
from runtime.reconcile.snapshot import Snapshot

if TYPE_CHECKING:
    from docker import DockerClient


import sys
from pathlib import Path

from runtime.base import yaml_documents
from runtime.base.paths import Paths, RunPaths, Side
from runtime.config import application_files, settings
from runtime.config.applications import Application, BrokenApplication
from runtime.config.settings import Settings
from runtime.docker.observed import Container, Network, Observed
from runtime.docker.projects import Project
from runtime.reconcile.desired import Desired, Sources, build

SETTINGS = "domain: example.com\nemail: ops@example.com\n"
PATHS = Paths(Path("/srv/test"))
RUN = RunPaths("shoestring")


def recording_command(file: Path) -> str:
    """Return a notification command that appends each notification to a file, one a line."""
    return f"""{sys.executable} -c "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())" {file}"""


def make_settings(text: str = "") -> Settings:
    return settings.from_document(yaml_documents.parse(Path("shoestring.yaml"), SETTINGS + text))


def load(name: str, text: str, side: Side = Side.PUBLIC) -> Application | BrokenApplication:
    return application_files.parse(yaml_documents.parse(PATHS.applications(side) / f"{name}.yaml", text), side)


def application(name: str, text: str, side: Side = Side.PUBLIC) -> Application:
    loaded = load(name, text, side)
    assert isinstance(loaded, Application), loaded
    return loaded


def broken(name: str, text: str, side: Side = Side.PUBLIC) -> BrokenApplication:
    loaded = load(name, text, side)
    assert isinstance(loaded, BrokenApplication), loaded
    return loaded


def web(*host_names: str, image: str = "web:1", more: str = "") -> str:
    """Return a plain application file."""
    names = "".join(f"  - {name!r}\n" for name in host_names)
    return (
        f"x-external-host-names:\n{names}services:\n  application:\n    image: {image}\n    networks: [main]\n{more}"
    )


def desired(
    *files: Application | BrokenApplication, settings_text: str = "", accepted: tuple[Application, ...] = ()
) -> Desired:
    sources = Sources(
        settings=make_settings(settings_text),
        variables={"DATA_BASE_PATH": "/srv/test/data"},
        applications=tuple(each for each in files if isinstance(each, Application)),
        accepted=accepted,
        broken=tuple(each for each in files if isinstance(each, BrokenApplication)),
    )
    return build(sources, PATHS, RUN)


def running(
    project: Project, state: str = "running", health: str = "", exit_code: int | None = None
) -> tuple[Container, ...]:
    """Return the containers that a project has when it is applied."""
    return tuple(
        Container(
            id=f"{project.name}-{service.name}",
            name=f"{project.name}-{service.name}-1",
            project=project.name,
            service=service.name,
            application=project.application,
            side=str(project.side or ""),
            definition=service.definition,
            image=service.image,
            state=state,
            health=health,
            exit_code=exit_code,
            status="",
            networks=service.networks,
        )
        for service in project.services
    )


def observed_of(wanted: Desired) -> Observed:
    """Return what the engine says when everything runs as desired."""
    containers = [container for project in (wanted.core, *wanted.projects) for container in running(project)]
    networks = tuple(Network(name, name, wanted.settings.instance) for name in wanted.networks)
    return Observed(tuple(containers), networks)


def proxy_change(side: Side = Side.PUBLIC, about: str = "", inputs: str = "", *, lost: bool = False) -> InstallProxy:
    """Return the change of a proxy's configuration that is described so."""
    return InstallProxy(
        ProxyModel(side, 80, 443, (), ()), ProxyDifference(ProxyChange(side), False, about, inputs, lost)
    )


def plan_of(
    wanted: Desired,
    observed: Observed,
    proxies: tuple[InstallProxy, ...] = (),
    dns: InstallHostsFile | None = None,
) -> Plan:
    """Return the plan from observed to desired on a host without a firewall and without certificates."""
    snapshot = Snapshot(Cluster(PATHS, wanted.settings, RUN, cast("DockerClient", None)))
    due = CertificatePlan((), (), (), 0.0)
    vars(snapshot).update(
        desired=wanted, observed=observed, proxies=proxies, dns=dns, due=due, firewall=None, isolation=None
    )
    return snapshot.plan
