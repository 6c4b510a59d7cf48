"""The desired state: what the settings and application files say should run. Pure, but for `read`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.base.errors import Problem, ShoestringError
from runtime.base.paths import Paths, RunPaths, Side
from runtime.config import application_files, host_access, referenced_files, secrets
from runtime.config.applications import Application, BrokenApplication
from runtime.config.internal_address import InternalAddress, configured
from runtime.config.settings import Settings
from runtime.context.results import Advisory, Blocked, Code
from runtime.core import dns, ipv6_proxy
from runtime.core.dns import HostsFile
from runtime.core.project import core_project
from runtime.docker import images, overrides
from runtime.docker.projects import Project
from runtime.proxy.container import HTTP_PORT
from runtime.proxy.model import Link, ProxyModel
from runtime.reconcile import conflicts


@dataclass(frozen=True)
class Sources:
    """What was read from the data directory.

    `accepted` are the last good copies of files that are broken now: they stay proxied, and are not applied.
    `referenced` is what is in the files that an application's file names, by its name. `internal_address` is
    that of the internal side as observed; None: what the settings say.
    """

    settings: Settings
    variables: Mapping[str, str]
    applications: tuple[Application, ...]
    accepted: tuple[Application, ...]
    broken: tuple[BrokenApplication, ...]
    referenced: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    internal_address: InternalAddress | None = None


@dataclass(frozen=True)
class Desired:
    """All that should run.

    `conflicts` are problems of files that run all the same (a host name that another file has already);
    `hosts` are the names that VPN clients resolve, None without a VPN.
    `blocked` is what cannot run until the user has done something on this host.
    `known` are the applications, and the last good copies of those whose files are broken. `internal_address`
    is where the internal side is. `host_access` is what applications have of the host, one for each that has any.
    """

    settings: Settings
    networks: tuple[str, ...]
    core: Project
    proxies: tuple[ProxyModel, ...]
    projects: tuple[Project, ...]
    applications: tuple[Application, ...]
    broken: tuple[BrokenApplication, ...]
    conflicts: tuple[Problem, ...]
    warnings: tuple[Advisory, ...]
    variables: Mapping[str, str]
    hosts: HostsFile | None = None
    known: tuple[Application, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    internal_address: InternalAddress = InternalAddress()
    host_access: tuple[Advisory, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return all that is wrong in application files."""
        return tuple(problem for each in self.broken for problem in each.problems) + self.conflicts


def read(settings: Settings, paths: Paths, internal_address: InternalAddress | None = None) -> Sources:
    """Read secrets and application files; `internal_address` is that of the internal side, if it was observed.

    Raises ShoestringError if a directory of application files is missing or unreadable: that never means that
    the applications should go.
    """
    found: list[Application | BrokenApplication] = []
    for side in settings.sides:
        directory = paths.applications(side)
        try:
            found += application_files.load_side(directory, side)
        except OSError as error:
            raise ShoestringError(
                f"{directory} cannot be read ({error.strerror}); nothing was changed. Put it back, even if empty."
            ) from error
    broken = tuple(each for each in found if isinstance(each, BrokenApplication))
    copies = (
        application_files.load(paths.accepted(each.side, each.name), each.side)
        for each in broken
        if paths.accepted(each.side, each.name).is_file()
    )
    variables = {"DATA_BASE_PATH": str(paths.data), **secrets.load(paths.secrets)}
    valid = tuple(each for each in found if isinstance(each, Application))
    return Sources(
        settings=settings,
        variables=variables,
        applications=valid,
        accepted=tuple(each for each in copies if isinstance(each, Application)),
        broken=broken,
        referenced={
            each.name: referenced_files.contents(
                referenced_files.files(each.compose.value, each.file.parent, variables)
            )
            for each in valid
        },
        internal_address=internal_address,
    )


def load(settings: Settings, paths: Paths, internal_address: InternalAddress | None = None) -> Desired:
    """Read the data directory and return the desired state, for what works without an engine. Raises as `read`."""
    return build(read(settings, paths, internal_address), paths, RunPaths(settings.instance))


def build(sources: Sources, paths: Paths, run: RunPaths) -> Desired:
    """Return the desired state. The first file by name wins a conflict."""
    settings = sources.settings
    internal = sources.internal_address or configured(settings)
    valid, duplicates = conflicts.unique_names(sources.applications)
    projects, invalid = _projects(valid, sources, paths)
    valid = tuple(each for each in valid if each.name in projects)
    proxied, problems = conflicts.resolve((*valid, *sources.accepted), settings)
    waiting, blocked = _waiting(settings, internal), _blocked(internal)
    served = tuple(side for side in settings.sides if side is not Side.INTERNAL or not (waiting or blocked))
    models = tuple(_model(settings, side, proxied, internal) for side in served)
    by_name = {(each.side, each.name): each for each in proxied}
    resolved = tuple(by_name[each.side, each.name] for each in valid)
    return Desired(
        settings=settings,
        networks=tuple(settings.docker_network(name) for name in settings.network_names),
        core=core_project(settings, models, paths, run),
        proxies=models,
        # The files as they are: a name that another file has takes nothing from what the container is.
        projects=tuple(projects[each.name] for each in valid),
        applications=resolved,
        broken=(*sources.broken, *duplicates, *invalid),
        conflicts=problems,
        warnings=(*(_not_proxied(each) for each in valid if each.not_proxied_because), *waiting),
        variables=sources.variables,
        hosts=dns.hosts_file(settings, models, paths),
        known=proxied,
        blocked=blocked,
        internal_address=internal,
        host_access=_host_access(valid, sources, paths),
    )


def _host_access(valid: tuple[Application, ...], sources: Sources, paths: Paths) -> tuple[Advisory, ...]:
    """Return what the files give their containers of the host: meant by their user, so it is only named."""
    names = (*(each.name for each in valid), *(each.name for each in sources.broken))
    found = {each.name: host_access.grants(each, paths, sources.variables, names) for each in valid}
    return tuple(
        Advisory(Code.HOST_ACCESS, name, host_access.sentence(name, grants))
        for name, grants in found.items()
        if grants
    )


def _waiting(settings: Settings, internal: InternalAddress) -> tuple[Advisory, ...]:
    """Return that the internal proxy waits for an interface to get its address; empty if it does not."""
    if settings.internal is None or internal.address:
        return ()
    what = f"The internal proxy waits: the interface {internal.interface} has no address yet (internal.address)."
    return (Advisory(Code.NO_ADDRESS_YET, f"proxy {Side.INTERNAL}", what),)


def _blocked(internal: InternalAddress) -> tuple[Blocked, ...]:
    """Return that the internal proxy cannot run while the VPN is down: at boot the VPN comes first."""
    if internal.is_up:
        return ()
    what = (
        f"The internal proxy does not run: the VPN's interface {internal.interface} does not exist, or lacks "
        "internal.address."
    )
    return (Blocked(Code.VPN_DOWN, f"proxy {Side.INTERNAL}", what, "Bring it up: shoestring vpn apply"),)


def _projects(
    valid: tuple[Application, ...], sources: Sources, paths: Paths
) -> tuple[dict[str, Project], tuple[BrokenApplication, ...]]:
    """Return what Compose runs for each file. A form that Compose would not take either is an error of that file
    alone.
    """
    substitutes = images.substitutes(sources.settings.images.source)
    projects: dict[str, Project] = {}
    invalid = []
    for each in valid:
        referenced = sources.referenced.get(each.name, ())
        try:
            projects[each.name] = overrides.project(
                each, sources.settings, paths, sources.variables, substitutes, referenced
            )
        except (AttributeError, TypeError, ValueError, KeyError) as error:
            what = (
                f"has a key of a form that Compose does not know ({error}); see: docker compose -f {each.file} config"
            )
            invalid.append(BrokenApplication(each.name, each.side, each.file, (Problem(each.file, what),)))
    return projects, tuple(invalid)


def _not_proxied(application: Application) -> Advisory:
    what = f"{application.name} is not proxied: {application.not_proxied_because}."
    return Advisory(Code.NOT_PROXIED, application.name, what)


def _model(
    settings: Settings, side: Side, proxied: tuple[Application, ...], listening: InternalAddress
) -> ProxyModel:
    """Return what the template of a side's proxy sees."""
    mine = sorted((each for each in proxied if each.side is side), key=lambda each: each.name)
    public, internal = settings.public, settings.internal
    backends = tuple(backend for each in mine for backend in each.backends)
    tcp_ports = tuple(tcp for each in mine for tcp in each.tcp_ports)
    address = listening.address if side is Side.INTERNAL or public is None else public.address
    by_ipv6 = bool(ipv6_proxy.addresses(settings, side, address))
    if side is Side.PUBLIC and public:
        ports = (public.http_port, public.https_port)
        return ProxyModel(
            side,
            *ports,
            backends,
            tcp_ports,
            ipv6=by_ipv6,
            limits=public.limits,
            hsts_seconds=public.hsts,
            address=address,
        )
    http_port = internal.http_port if internal else HTTP_PORT
    https_port = internal.https_port if internal and internal.endpoint.scheme == "https" else 0
    links = tuple(_link(each, settings) for each in sorted(proxied, key=lambda each: each.name))
    return ProxyModel(
        side, http_port, https_port, backends, tcp_ports, settings.internal_domain, links, by_ipv6, address=address
    )


def _link(application: Application, settings: Settings) -> Link:
    """Return a line of the page that lists the applications; wildcards are no addresses."""
    names = (name for name in application.host_names if not name.startswith("*."))
    urls = tuple(f"{settings.url_of(application.side, name)}/" for name in names)
    return Link(application.name, application.side, urls)
