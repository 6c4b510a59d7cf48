"""`shoestring vpn tunnel` and `vpn hosts`: the internal side without a VPN."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from installer.cli.frame import located
from installer.cli.options import DataDirectory, Json
from runtime.output.encoder import emit

if TYPE_CHECKING:
    from installer.vpn.ssh_tunnel import SshTunnel

app = typer.Typer()
# The names of these commands until 0.1.
old_app = typer.Typer()


@app.command()
@old_app.command(hidden=True)
def tunnel(
    login: Annotated[
        str, typer.Option(help="SSH login (default: the current user, at the endpoint).", metavar="USER@HOST")
    ] = "",
    data_directory: DataDirectory = None,
    json: Json = False,
) -> None:
    """Print an SSH command and hosts file lines to reach internal services.

    Use them on your computer, without a VPN.
    """
    from dataclasses import replace

    from installer.vpn import ssh_tunnel
    from installer.vpn.json_results import TunnelJson

    found = _find(data_directory)
    found = replace(found, login=login) if login else found
    emit(json, TunnelJson.of(found, ssh_tunnel.LOOPBACK), ssh_tunnel.tunnel_lines(found))


@app.command()
@old_app.command(hidden=True)
def hosts(data_directory: DataDirectory = None, json: Json = False) -> None:
    """Print hosts file lines for the internal host names."""
    from installer.vpn import ssh_tunnel
    from installer.vpn.json_results import TunnelJson

    found = _find(data_directory)
    address = ssh_tunnel.LOOPBACK if found.is_loopback else found.address
    emit(json, TunnelJson.of(found, address), ssh_tunnel.hosts_lines(found))


def _find(data_directory: Path | None) -> SshTunnel:
    """Return how to reach the internal side, from the files alone: nothing has to run."""
    import getpass
    import os

    from installer.vpn import ssh_tunnel
    from runtime.config import internal_address
    from runtime.firewall import ssh
    from runtime.reconcile import desired

    paths, loaded = located(data_directory)
    found = desired.load(loaded, paths, internal_address.follow(loaded))
    # Under sudo, the user that called it.
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    return ssh_tunnel.find(loaded, found.proxies, user, ssh.configured())
