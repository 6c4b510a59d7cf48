"""The proof that a certificate is served: a TLS handshake, as a client would make it."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.certificates.store import read
from runtime.config import internal_address
from runtime.config.sections import InternalSettings, PublicSettings
from runtime.config.settings import Settings

TIMEOUT_SECONDS = 5.0
# How long a process may show another certificate after a change or a start.
PATIENCE_SECONDS = 3.0
POLL_SECONDS = 0.1
# Replaces the `*` of a wildcard.
ANY_LABEL = "any"


class NoHandshakeError(ShoestringError):
    """No TLS server answers."""


def served_serial(address: str, port: int, host_name: str, timeout: float = TIMEOUT_SECONDS) -> int:
    """Return the serial number of the certificate that a server shows for a host name. `timeout` is in seconds.

    The certificate is not verified, only identified. Raises NoHandshakeError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address, port), timeout) as plain,
            context.wrap_socket(plain, server_hostname=host_name) as secured,
        ):
            leaf = secured.getpeercert(binary_form=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise NoHandshakeError(f"No TLS handshake with {host_name} at {address} port {port}: {reason}.") from error
    if leaf is None:
        raise NoHandshakeError(f"No certificate was shown for {host_name} at {address} port {port}.")
    return read.serial_of(leaf)


def served(settings: Settings, side: Side, host_name: str) -> int:
    """Return the serial number that a side's proxy shows for a host name, or for a name under a wildcard.

    Raises NoHandshakeError.
    """
    listening = _listening(settings, side)
    address = (
        listening.address if isinstance(listening, PublicSettings) else internal_address.follow(settings).address
    )
    if not address:
        raise NoHandshakeError(f"The {side} proxy does not run: {listening.address} has no address yet.")
    name = f"{ANY_LABEL}{host_name[1:]}" if host_name.startswith("*.") else host_name
    return served_serial(reachable(address), listening.https_port, name)


def prove(settings: Settings, side: Side, host_name: str, serial: int, patience: float = PATIENCE_SECONDS) -> bool:
    """Return whether a side's proxy shows the certificate with a serial number for a host name within `patience`
    seconds. Raises NoHandshakeError if nothing answers.
    """
    deadline = time.monotonic() + patience
    while True:
        late = time.monotonic() >= deadline
        try:
            if served(settings, side, host_name) == serial:
                return True
        except NoHandshakeError:
            if late:
                raise
        if late:
            return False
        time.sleep(POLL_SECONDS)


def reachable(address: str) -> str:
    """Return an address to connect to for a listening address: 0.0.0.0 and :: are all addresses of the host."""
    listening = ipaddress.ip_address(address)
    if not listening.is_unspecified:
        return address
    return "::1" if listening.version == 6 else "127.0.0.1"


def _listening(settings: Settings, side: Side) -> PublicSettings | InternalSettings:
    listening = settings.public if side is Side.PUBLIC else settings.internal
    if listening is None:
        raise NoHandshakeError(f"The {side} side is off; it has no proxy.")
    return listening
