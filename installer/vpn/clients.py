"""The VPN's files in the data directory: the server's key, and one file per client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from installer.vpn import keys
from runtime.base import files, validators, yaml_documents
from runtime.base.errors import ShoestringError, UsageError
from runtime.base.paths import Paths
from runtime.base.schema import key, list_of, read, suggestion
from runtime.base.yaml_documents import DocumentError

DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
HEADER = "# A client of the VPN. Created by shoestring vpn add, removed by shoestring vpn remove.\n"


def _key(value: object) -> str:
    try:
        return keys.checked(value)
    except ValueError as error:
        # Not the value: it may be a private one.
        raise ValueError(str(error)) from None


@dataclass(frozen=True)
class VpnClient:
    """A client of the VPN. `private_key` is empty if the user generated the key pair and gave the public key only."""

    name: str = key("what it is called", check=validators.application)
    made: str = key("when it was added (RFC 3339)", check=str)
    addresses: tuple[str, ...] = key("its addresses in the VPN", check=list_of(validators.ip_address))
    public_key: str = key("its public key", check=_key)
    preshared_key: str = key("a key that it shares with the server", check=_key)
    private_key: str = key("its private key, for its own file", check=lambda value: value and _key(value), default="")


def read_server_key(paths: Paths) -> str:
    """Return the server's private key; empty if there is none yet. Raises ShoestringError."""
    file = _server_key(paths)
    try:
        return keys.checked(file.read_text(encoding="ascii"))
    except FileNotFoundError:
        return ""
    except ValueError as error:
        raise ShoestringError(
            f"The VPN's own key {file} cannot be used: it {error}. Restore it from a backup, or remove it; then a "
            "new one is made, and every client needs its new file."
        ) from error


def write_server_key(paths: Paths, private: str) -> None:
    """Write the server's private key."""
    files.make_directory(paths.wireguard, DIRECTORY_MODE)
    files.write(_server_key(paths), f"{private}\n", FILE_MODE)


def read_all(paths: Paths) -> tuple[VpnClient, ...]:
    """Read all clients, in the order of their names.

    Raises ShoestringError for an invalid file: skipping it would take the client's access away.
    """
    try:
        # Not glob: without permission to read the directory, it finds no files and raises nothing.
        listed = sorted(_directory(paths).iterdir())
    except FileNotFoundError:
        return ()
    return tuple(_read(file) for file in listed if file.suffix == ".yaml" and not file.name.startswith("."))


def write(paths: Paths, client: VpnClient) -> None:
    """Write a client's file."""
    for directory in (paths.wireguard, _directory(paths)):
        files.make_directory(directory, DIRECTORY_MODE)
    values = {item.name: getattr(client, item.name) for item in fields(client)}
    values["addresses"] = list(client.addresses)
    files.write(_file(paths, client.name), HEADER + yaml_documents.dump(values), FILE_MODE)


def remove(paths: Paths, name: str) -> None:
    """Remove a client's file."""
    files.remove(_file(paths, name))


def find(known: Iterable[VpnClient], name: str) -> VpnClient:
    """Return the client with a name. Raises UsageError with the nearest name if there is none."""
    by_name = {each.name: each for each in known}
    if name not in by_name:
        raise UsageError(f"There is no VPN client {name}{suggestion(name, by_name)}. See: shoestring vpn list")
    return by_name[name]


def _read(file: Path) -> VpnClient:
    try:
        client, problems = read(VpnClient, yaml_documents.load(file))
    except DocumentError as error:
        client, problems = None, (error.problem,)
    if client is None or client.name != file.stem:
        what = f"{problems[0]}" if problems else f"{file.name} name: is not {file.stem}, as the file is called"
        raise ShoestringError(
            f"{what}. It is the file of a VPN client: {file}. Correct it, or restore it from a backup."
        )
    return client


def _server_key(paths: Paths) -> Path:
    return paths.wireguard / "server.key"


def _directory(paths: Paths) -> Path:
    return paths.wireguard / "clients"


def _file(paths: Paths, name: str) -> Path:
    return _directory(paths) / f"{name}.yaml"
