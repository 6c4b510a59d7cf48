"""The status: what runs, since when, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runtime.base.paths import Side
from runtime.certificates.overview import NO_CERTIFICATES, CertificateOverview
from runtime.config.applications import OPEN_PORTS, PROXIED_SERVICE, Application
from runtime.context.results import Advisory, Blocked, Code, Remark
from runtime.core import dns, ipv6_proxy
from runtime.docker.observed import ENDED, Container, Observed
from runtime.docker.projects import CORE, Project, ProjectService
from runtime.firewall.model import closed
from runtime.proxy.container import service_name
from runtime.reconcile.desired import Desired

# From bad to good: an application is as well as the worst of its containers.
STATES = ("broken", "missing", "dead", "restarting", "exited", ENDED, "paused", "created", "unhealthy", "starting")
FINE = ("running", "healthy", "completed")
# Drivers of Docker's networks that join containers to a network of the host's interface.
_BESIDE_THE_HOST = ("macvlan", "ipvlan")
# States that end without anyone's help.
PASSING = ("created", "starting", "missing")


@dataclass(frozen=True)
class ApplicationStatus:
    """One application, with its image as its file says.

    `since` is the start of its first container (RFC 3339), empty if none runs. `problems` are what is wrong in its
    file, `notes` about what is meant to be as it is.
    """

    name: str
    side: str
    state: str
    host_names: tuple[str, ...]
    image: str
    since: str
    problems: tuple[Blocked, ...] = ()
    notes: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class ProxyStatus:
    """One proxy: its state and how many host names it serves."""

    side: str
    state: str
    host_names: int
    since: str


@dataclass(frozen=True)
class Status:
    """All of one instance.

    `unserved`, which are in `problems` too, are why a proxy cannot run. `host_access` is in JSON only.
    """

    instance: str
    proxies: tuple[ProxyStatus, ...]
    applications: tuple[ApplicationStatus, ...]
    warnings: tuple[Advisory, ...]
    certificates: CertificateOverview = NO_CERTIFICATES
    problems: tuple[Blocked, ...] = ()
    unserved: tuple[Blocked, ...] = ()
    host_access: tuple[Advisory, ...] = ()

    @property
    def fine(self) -> bool:
        """Return whether everything runs, no file is broken, and no certificate is about to end or of no use."""
        if self.problems or self.certificates.problems or self.certificates.expiring:
            return False
        states = [each.state for each in self.proxies] + [each.state for each in self.applications]
        return all(state in FINE for state in states) and not any(each.problems for each in self.applications)


def states_of(project: Project, observed: Observed) -> dict[str, str]:
    """Return the state of each service of a project: the worst of its containers."""
    containers = observed.of(project.application)
    return {service.name: _state_of_service(service, containers) for service in project.services}


def assess(
    desired: Desired,
    observed: Observed,
    certificates: CertificateOverview = NO_CERTIFICATES,
    *,
    firewall_active: bool = False,
) -> Status:
    """Compare desired and observed. Pure. `firewall_active`: it is confirmed, not only desired."""
    core = states_of(desired.core, observed)
    proxies = tuple(
        ProxyStatus(
            side=model.side,
            state=core[service_name(model.side)],
            host_names=sum(len(backend.host_names) for backend in model.backends) + bool(model.index_host),
            since=_since([each for each in observed.of(CORE) if each.side == model.side]),
        )
        for model in desired.proxies
    )
    projects = {project.application: project for project in desired.projects}
    valid = [
        _valid(each, projects[each.name], desired, observed, _notes(each, desired) if firewall_active else ())
        for each in desired.applications
    ]
    broken = [
        ApplicationStatus(
            each.name,
            each.side,
            "broken",
            (),
            "",
            _since(observed.of(each.name)),
            tuple(Blocked(Code.FILE_INVALID, each.name, str(problem)) for problem in each.problems),
        )
        for each in desired.broken
    ]
    applications = tuple(sorted((*valid, *broken), key=lambda each: (each.name, each.side)))
    problems = (*desired.blocked, *_helpers(core))
    instance = desired.settings.instance
    unserved, access = desired.blocked, desired.host_access
    return Status(instance, proxies, applications, desired.warnings, certificates, problems, unserved, access)


def _helpers(core: Mapping[str, str]) -> tuple[Blocked, ...]:
    """Return each part of the core that is no proxy and does not run as it should."""
    about = {dns.SERVICE: "dns: no VPN client can resolve internal names"}
    about |= {ipv6_proxy.service_name(side): f"{side} side: it does not answer by IPv6" for side in Side}
    return tuple(
        Blocked(Code.CORE_NOT_RUNNING, name, f"{about[name]}; its container is {state}.")
        for name, state in core.items()
        if name in about and state not in FINE
    )


def _valid(
    application: Application,
    project: Project,
    desired: Desired,
    observed: Observed,
    notes: tuple[Remark, ...],
) -> ApplicationStatus:
    services = application.services
    main = next((each for each in services if each.name == PROXIED_SERVICE), next(iter(services), None))
    return ApplicationStatus(
        name=application.name,
        side=application.side,
        state=_worst(list(states_of(project, observed).values())),
        host_names=application.host_names,
        image=(main.image or "built image") if main else "",
        since=_since(observed.of(application.name)),
        problems=tuple(
            Blocked(Code.CONFLICT, application.name, str(problem))
            for problem in desired.conflicts
            if problem.file == application.file
        ),
        notes=notes,
    )


def _notes(application: Application, desired: Desired) -> tuple[Remark, ...]:
    """Return remarks on the ports that the firewall closes, and on networks that bypass it."""
    return (*_closed(application, desired), *_beside(application))


def _closed(application: Application, desired: Desired) -> Iterator[Remark]:
    """Yield a remark on the ports that the firewall closes."""
    ports = closed(application, desired.internal_address, desired.variables)
    if ports:
        named = ", ".join(dict.fromkeys(map(str, ports)))
        message = f"{named} is published but blocked by the firewall"
        yield Remark(Code.PORT_BLOCKED, application.name, message, f"list it in {OPEN_PORTS} to allow it")


def _beside(application: Application) -> Iterator[Remark]:
    """Yield a remark on each network whose containers bypass the host, and so its firewall."""
    for name, driver in application.compose.network_drivers.items():
        if driver in _BESIDE_THE_HOST:
            message = f"network {name} ({driver}): its containers bypass this host's firewall"
            yield Remark(Code.FIREWALL_BYPASSED, application.name, message)


def _state_of_service(service: ProjectService, containers: tuple[Container, ...]) -> str:
    mine = [each for each in containers if each.service == service.name]
    return _worst([_state(service, each) for each in mine]) if mine else "missing"


def _state(service: ProjectService, container: Container) -> str:
    if service.task and container.state in ("exited", ENDED) and container.exit_code == 0:
        return "completed"
    return (container.health or "running") if container.running else container.state


def _worst(states: list[str]) -> str:
    bad = [state for state in STATES if state in states]
    if bad:
        return bad[0]
    return "healthy" if "healthy" in states else "running" if "running" in states or not states else "completed"


def _since(containers: Sequence[Container]) -> str:
    """Return the earliest start of those that run. RFC 3339 in UTC sorts as text."""
    return min((each.started for each in containers if each.started), default="")
