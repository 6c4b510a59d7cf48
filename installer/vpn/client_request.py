"""A new VPN client: its name, keys and addresses."""

from __future__ import annotations

from dataclasses import dataclass

from installer.vpn import addresses, keys
from installer.vpn.clients import VpnClient
from runtime.base import validators
from runtime.base.errors import UsageError
from runtime.base.formats import rfc3339
from runtime.config.settings import Settings

# wg-quick(8) takes its file's name for the interface's, and the kernel has no longer ones.
LONGEST_NAME = 15


@dataclass(frozen=True)
class ClientRequest:
    """A client to add. With `public_key` the private key stays with the user."""

    name: str
    public_key: str = ""
    skip_endpoint_check: bool = False


def create(
    settings: Settings, request: ClientRequest, known: tuple[VpnClient, ...], server: str, now: float
) -> VpnClient:
    """Return the client of a request, with free addresses and, unless a public key is given, keys of its own.

    `known` are the present clients, `server` is the server's public key, `now` in seconds since the epoch. Raises
    UsageError for a name or key that is invalid or taken.
    """
    name = _checked_name(request.name, known)
    public_key = _checked_key(request.public_key, known, server) if request.public_key else ""
    taken = {address for each in known for address in each.addresses}
    private_key = "" if public_key else keys.generate_private()
    return VpnClient(
        name=name,
        made=rfc3339(now),
        addresses=addresses.allocate(settings, taken),
        public_key=public_key or keys.public_of(private_key),
        preshared_key=keys.generate_preshared(),
        private_key=private_key,
    )


def _checked_name(name: str, known: tuple[VpnClient, ...]) -> str:
    try:
        validators.application(name)
    except ValueError as error:
        raise UsageError(f"NAME: {error}") from error
    if len(name) > LONGEST_NAME:
        raise UsageError(
            f"NAME: {name} has {len(name)} characters, and WireGuard on the client takes at most {LONGEST_NAME}. "
            "Choose a shorter one."
        )
    if any(each.name == name for each in known):
        raise UsageError(
            f"The VPN client {name} already exists. Its file: shoestring vpn show {name}. Choose another name, or "
            f"remove it first: shoestring vpn remove {name}"
        )
    return name


def _checked_key(text: str, known: tuple[VpnClient, ...], server: str) -> str:
    try:
        key = keys.checked(text)
    except ValueError as error:
        # The key itself is not printed: it may be a private one, given by mistake.
        raise UsageError(f"--public-key: the given text {error}") from error
    owner = "the server" if key == server else next((each.name for each in known if each.public_key == key), "")
    if owner:
        # WireGuard knows a peer by its key alone: the second would take the first one's addresses away.
        raise UsageError(f"--public-key: this is the key of {owner} already. Make a new pair: wg genkey")
    return key
