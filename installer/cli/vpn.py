"""`shoestring vpn`: the clients that may reach the internal side through WireGuard."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from installer.cli.frame import located
from installer.cli.options import DataDirectory, DryRun, Json, Timeout, Yes
from runtime.base.errors import ExitCode, UsageError
from runtime.output.encoder import emit

if TYPE_CHECKING:
    from installer.vpn.operations import Vpn, VpnOverview

APPLY = "  Apply: shoestring vpn apply"

app = typer.Typer(help="VPN clients, and access to the internal side.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the client, such as laptop.", metavar="NAME")]


@app.command()
def add(
    name: Name,
    public_key: Annotated[
        str, typer.Option(help="Public key of the client, whose private key then stays there.", metavar="KEY")
    ] = "",
    skip_endpoint_check: Annotated[
        bool, typer.Option("--skip-endpoint-check", help="Do not check that the endpoint is this host.")
    ] = False,
    any_endpoint: Annotated[bool, typer.Option("--any-endpoint", hidden=True)] = False,
    data_directory: DataDirectory = None,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Add a client and print its configuration, with its keys."""
    from installer.vpn import operations, report
    from installer.vpn.client_request import ClientRequest
    from installer.vpn.json_results import ClientJson, ClientPreviewJson

    vpn = _open(data_directory, timeout)
    request = ClientRequest(name, public_key, skip_endpoint_check or any_endpoint)
    if dry_run:
        client = operations.preview(vpn, request)
        emit(json, ClientPreviewJson.of(client, vpn.settings), report.preview_lines(client, vpn.settings))
        return
    client = operations.add(vpn, request)
    text = operations.client_file(vpn, client)
    emit(json, ClientJson.of_file(client, text, vpn.settings), report.added_lines(client, text, vpn.settings))


@app.command("list")
def list_(data_directory: DataDirectory = None, json: Json = False) -> None:
    """List the clients with their last handshake and traffic."""
    from datetime import UTC, datetime

    from installer.vpn import operations, report
    from installer.vpn.json_results import ClientsJson

    found = operations.overview(_open(data_directory))
    emit(json, ClientsJson.of(found), report.list_lines(found, datetime.now(UTC)))


@app.command()
def show(
    name: Name,
    qr: Annotated[bool, typer.Option("--qr", help="Print a QR code for a phone.")] = False,
    data_directory: DataDirectory = None,
    json: Json = False,
) -> None:
    """Print the configuration of a client, with its keys."""
    from installer.vpn import clients, operations, report
    from installer.vpn.json_results import ClientJson

    vpn = _open(data_directory)
    client = clients.find(clients.read_all(vpn.paths), name)
    text = operations.client_file(vpn, client)
    if qr and not client.private_key:
        raise UsageError(f"The private key of {name} is not on this host, so a QR code of its file would not work.")
    shown = report.qr(text) if qr else text
    emit(json, ClientJson.of_file(client, text, vpn.settings), (shown.removesuffix("\n"),))


@app.command()
def remove(
    name: Name,
    yes: Yes = False,
    data_directory: DataDirectory = None,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Remove a client and revoke its access. Others stay connected."""
    from installer.terminal import confirm
    from installer.vpn import clients, operations
    from installer.vpn.json_results import ClientPreviewJson, ClientRemovalJson

    vpn = _open(data_directory, timeout)
    present = {each.name: each for each in clients.read_all(vpn.paths)}
    if dry_run:
        client = clients.find(present.values(), name)
        emit(json, ClientPreviewJson.of(client, vpn.settings), (f"  - {name}", "  Nothing was changed."))
        return
    # Without such a client nothing is asked: leftover access is revoked, and the error explains the rest.
    if name in present and not confirm.confirmed(f"Remove client {name} and revoke its access?", yes=yes, json=json):
        return
    client = operations.remove(vpn, name)
    emit(json, ClientRemovalJson(client.name), (f"  ✓ Removed client {client.name}; its access is revoked",))


@app.command()
def status(data_directory: DataDirectory = None, json: Json = False) -> None:
    """Show the server: interface, endpoint, public key and problems."""
    from installer.vpn import operations

    _report_status(operations.overview(_open(data_directory)), json)


@app.command()
def apply(
    data_directory: DataDirectory = None, dry_run: DryRun = False, json: Json = False, timeout: Timeout = 60.0
) -> None:
    """Configure WireGuard from the settings and the clients' files.

    Connections stay open. With wireguard.enabled off, the interface is removed.
    """
    from installer.host import wireguard
    from installer.vpn import managed_interfaces, operations
    from installer.vpn.json_results import VpnRemovalJson

    paths, loaded = located(data_directory)
    obsolete = () if loaded.wireguard.enabled else managed_interfaces.observe(paths, loaded)
    if dry_run and not obsolete:
        _show_plan(operations.overview(_open(data_directory)), json)
    elif dry_run:
        emit(json, VpnRemovalJson.of(loaded), (*_down_lines(obsolete), APPLY))
    elif obsolete:
        for each in obsolete:
            wireguard.remove(each)
        down = f"  ✓ {', '.join(obsolete)} is removed; its keys and clients stay in conf/wireguard/"
        emit(json, VpnRemovalJson.of(loaded), (down,))
    else:
        _report_status(operations.apply(_open(data_directory, timeout)), json)


def _show_plan(overview: VpnOverview, json: bool) -> None:
    """Show what apply would do to a VPN that is on."""
    from installer.vpn.json_results import VpnJson

    emit(json, VpnJson.of(overview, time.time()), _plan_lines(overview))


def _plan_lines(overview: VpnOverview) -> list[str]:
    from runtime.base.formats import count

    name = overview.settings.wireguard.interface
    if not overview.problem:
        return [f"  Nothing to do: {name} is up to date."]
    clients = count(len(overview.clients), "client")
    old = _down_lines(overview.seen.old)
    if overview.live is None:
        key = "" if overview.public_key else ", with a new key"
        return [*old, f"  + {name}  starts with {clients}{key}", APPLY]
    return [*old, f"  ~ {name}  is updated, with {clients}; they stay connected", APPLY]


def _down_lines(names: tuple[str, ...]) -> list[str]:
    return [f"  - {each}  is removed; its keys and clients stay in conf/wireguard/" for each in names]


def _report_status(overview: VpnOverview, json: bool) -> None:
    from installer.vpn import report
    from installer.vpn.json_results import VpnJson

    now = time.time()
    emit(json, VpnJson.of(overview, now), report.status_lines(overview, now))
    sys.stdout.flush()
    raise typer.Exit(ExitCode.FAILED if overview.problem else ExitCode.DONE)


def _open(data_directory: Path | None, timeout: float = 0.0) -> Vpn:
    from installer.vpn.operations import open_vpn

    return open_vpn(*located(data_directory), timeout)
