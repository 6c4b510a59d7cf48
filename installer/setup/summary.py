"""The output of setup: the host, the answers, what will be written, the next steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from installer.data_directory import flat_settings
from installer.host.facts import Facts
from installer.setup import preflight
from installer.vpn.operations import FIRST_CLIENT
from runtime.base.formats import size
from runtime.base.paths import Paths, Side
from runtime.config.internal_address import configured
from runtime.config.sections import AcmeSettings, InternalSettings, InternalTls, PublicSettings
from runtime.config.settings import Settings
from runtime.network.addresses import bracketed
from runtime.output.table import Row, table

if TYPE_CHECKING:
    from installer.setup.data_directory import DirectoryUpdate


def host_lines(facts: Facts) -> list[str]:
    """Return the facts of this host."""
    swap = f"{size(facts.swap)} swap" if facts.swap else "no swap"
    cores = "1 core" if facts.cores == 1 else f"{facts.cores} cores"
    rows = [
        ("This host", f"{facts.system}, {cores}, {size(facts.memory)} memory ({swap}), {size(facts.free_disk)} free"),
        ("Docker", f"{facts.engine.version or 'not installed'}, Compose {facts.compose_version or 'not installed'}"),
        ("Addresses", "  ".join(str(each) for each in facts.offered_addresses) or "none but loopback"),
    ]
    return table(rows)


def settings_lines(settings: Settings, paths: Paths) -> list[str]:
    """Return the answers."""
    rows: list[Row] = []
    if settings.public:
        certificate = f"certificate from {_authority(settings.acme)}"
        rows.append((settings.domain, "public", _public(settings.public), certificate))
    if settings.internal:
        rows.append(
            (
                settings.internal_domain,
                "internal",
                _internal(settings, settings.internal),
                _internal_certificate(settings),
            )
        )
    if settings.wireguard.enabled:
        rows.append(("VPN", "", f"WireGuard at {settings.endpoint}, UDP {settings.wireguard.port}"))
    source = "pulled from a registry" if settings.images.source == "registry" else "built on this host"
    rows.append(("images", "", source))
    rows.append(("data directory", "", str(paths.root)))
    return [*table(rows), *_warnings(settings)]


def _public(public: PublicSettings) -> str:
    return f"{bracketed(public.address)}:{public.http_port}, {public.https_port}"


def _internal(settings: Settings, internal: InternalSettings) -> str:
    tunnel = "  by an SSH tunnel" if configured(settings).is_loopback else ""
    address = configured(settings).address
    return f"{bracketed(address) or internal.address}:{', '.join(map(str, internal.ports))}{tunnel}"


def _authority(acme: AcmeSettings) -> str:
    """Return the authority that signs public certificates."""
    match acme.server:
        case "production":
            name = "Let's Encrypt"
        case "staging":
            return "Let's Encrypt's staging (browsers refuse it)"
        case _:
            name = acme.server
    return f"{name} (staging first)" if acme.staging_directory else name


def _internal_certificate(settings: Settings) -> str:
    match settings.internal_tls:
        case InternalTls.PRIVATE_CA:
            return "certificate from your own CA"
        case InternalTls.DNS_01:
            return f"wildcard certificate from {_authority(settings.acme)}, by DNS at {settings.acme.dns.provider}"
        case _:
            return "plain HTTP"


def _warnings(settings: Settings) -> Iterator[str]:
    address = configured(settings).address
    if preflight.is_world_reachable(address):
        yield (f"  ! internal.address {address} can be reached from the internet, and so can all internal services.")


def new_lines(settings: Settings, paths: Paths, more: Iterable[Row] = ()) -> list[str]:
    """Return what a first setup creates, and `more` rows."""
    networks = ", ".join(settings.docker_network(name) for name in settings.network_names)
    proxies = " and ".join(settings.sides)
    rows: list[Row] = [
        ("+", "data directory", f"{paths.root}, its configuration a git repository"),
        ("+", "networks", networks),
        ("+", "proxies" if len(settings.sides) > 1 else "proxy", proxies),
    ]
    if settings.wireguard.enabled:
        rows.insert(1, ("+", "WireGuard", f"{settings.wireguard.interface}, and a first client, {FIRST_CLIENT}"))
    if settings.public:
        at = settings.url_of(Side.PUBLIC, settings.domain)
        rows.append(("+", "example", f"an application at {at}"))
    return table((*rows, *more))


def update_lines(before: Settings, after: Settings, change: DirectoryUpdate, more: Iterable[Row] = ()) -> list[str]:
    """Return what a re-run changes in the files, and `more` rows."""
    rows: list[Row] = [
        ("~", ".".join(map(str, each.key)), each.difference) for each in flat_settings.changes(before, after)
    ]
    rows += [("~", f"conf/{each.path}", each.action.value) for each in change.changes]
    return table((*rows, *more))


def closing_lines(settings: Settings, paths: Paths, seconds: float, *, is_default: bool) -> list[str]:
    """Return where it is served, and the next steps."""
    lines = [f"  Done in {seconds:.0f} s."]
    if settings.public:
        at = settings.url_of(Side.PUBLIC, settings.domain)
        lines.append(f"    {at}   (placeholder certificate until DNS points here)")
    if settings.internal:
        lines.append(f"    {settings.url_of(Side.INTERNAL, settings.internal_domain)}   {_reach(settings)}")
        if settings.internal_tls is InternalTls.PRIVATE_CA:
            lines.append(f"    Trust its certificate: shoestring ssl ca{option(paths, is_default=is_default)}")
    first = paths.applications(Side.PUBLIC) / "example.yaml" if settings.public else paths.applications(Side.INTERNAL)
    lines.append(f"    Next: shoestring status{option(paths, is_default=is_default)}")
    lines.append(f"          edit {first}")
    return [line.rstrip() for line in lines]


def option(paths: Paths, *, is_default: bool) -> str:
    """Return the option that a command needs to find this data directory."""
    return "" if is_default else f" --data-directory {paths.root}"


def _reach(settings: Settings) -> str:
    internal, found = settings.internal, configured(settings)
    if settings.wireguard.enabled:
        return "(over the VPN)"
    if internal is None or not found.is_loopback:
        return ""
    port = internal.endpoint.port
    return f"(ssh -L {port}:{bracketed(found.address)}:{port} THIS-HOST)"
