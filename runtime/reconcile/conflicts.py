"""Two application files that claim the same name or port: the first one has it, the other one is reported. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from runtime.base.errors import Problem
from runtime.base.paths import Side
from runtime.config import applications
from runtime.config.applications import Application, Backend, BrokenApplication, TcpPort
from runtime.config.settings import Settings
from runtime.proxy.container import HTTP_PORT, HTTPS_PORT

Claim = Callable[[str, str, str], bool]


def unique_names(
    loaded: Iterable[Application],
) -> tuple[tuple[Application, ...], tuple[BrokenApplication, ...]]:
    """Keep one application per name, since the name is in those of its containers; report the others."""
    valid: dict[str, Application] = {}
    duplicates = []
    for each in loaded:
        first = valid.setdefault(each.name, each)
        if first is not each:
            what = f"the {first.side} side has an application {each.name} already; rename one of the files"
            duplicates.append(BrokenApplication(each.name, each.side, each.file, (Problem(each.file, what),)))
    return tuple(valid.values()), tuple(duplicates)


def resolve(
    loaded: tuple[Application, ...], settings: Settings
) -> tuple[tuple[Application, ...], tuple[Problem, ...]]:
    """Give each host name, backend name and TCP port to the first file that claims it, and report the others."""
    problems: list[Problem] = []
    resolved: dict[tuple[Side, str], Application] = {}
    taken: dict[tuple[Side, str, str], Application] = {}
    # The internal proxy listens on these itself, inside its container or outside.
    reserved = {HTTP_PORT, HTTPS_PORT}
    if settings.internal:
        reserved |= {settings.internal.http_port, settings.internal.https_port}
    for each in sorted(loaded, key=lambda application: application.file.name):

        def claim(kind: str, value: str, key: str, owner: Application = each) -> bool:
            first = taken.setdefault((owner.side, kind, value), owner)
            if first is not owner:
                what = f"{kind} {value} belongs to {first.file.name} already; remove it from one of the two files"
                problems.append(owner.document.problem((key,), what))
            return first is owner

        backends = tuple(backend for backend in map(_claimer(claim), each.backends) if backend.host_names)
        tcp_ports = tuple(tcp for tcp in each.tcp_ports if _claim_port(tcp, claim, reserved, each, problems))
        resolved[each.side, each.name] = replace(each, backends=backends, tcp_ports=tcp_ports)
    return tuple(resolved[each.side, each.name] for each in loaded), tuple(problems)


def _claimer(claim: Claim) -> Callable[[Backend], Backend]:
    def keep_own(backend: Backend) -> Backend:
        if not claim("the backend", backend.name, "services"):
            return replace(backend, host_names=())
        host_names = tuple(
            name for name in backend.host_names if claim("the host name", name, applications.HOST_NAMES)
        )
        return replace(backend, host_names=host_names)

    return keep_own


def _claim_port(tcp: TcpPort, claim: Claim, reserved: set[int], owner: Application, problems: list[Problem]) -> bool:
    if tcp.port in reserved:
        what = f"{tcp.port} is the internal proxy's own; choose another port"
        problems.append(owner.document.problem((applications.TCP_PORTS,), what))
        return False
    return claim("the TCP port", str(tcp.port), applications.TCP_PORTS)
