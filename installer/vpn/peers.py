"""The peers of the running interface, as WireGuard reports them."""

from __future__ import annotations

from dataclasses import dataclass, field

# A live session has a handshake every two minutes; it expires after three (WireGuard's paper, section 6.1).
SESSION_SECONDS = 180
# What wg(8) prints where there is nothing.
NONE = "(none)"


@dataclass(frozen=True)
class WireguardPeer:
    """A client as the interface reports it.

    `handshake` is in seconds since 1970, 0 if there was none; `received` and `sent` are bytes. `preshared_key` is
    empty if there is none, and never printed.
    """

    public_key: str
    endpoint: str
    allowed: tuple[str, ...]
    handshake: int
    received: int
    sent: int
    preshared_key: str = field(repr=False)

    def is_connected(self, now: float) -> bool:
        """Return whether its session is alive. `now` is in seconds since 1970."""
        return now - self.handshake < SESSION_SECONDS


@dataclass(frozen=True)
class RunningInterface:
    """The running interface."""

    public_key: str
    port: int
    peers: tuple[WireguardPeer, ...]

    def peer(self, public_key: str) -> WireguardPeer | None:
        """Return the peer with a public key; None if there is none."""
        return next((each for each in self.peers if each.public_key == public_key), None)


def parse_dump(text: str) -> RunningInterface | None:
    """Parse the output of `wg show NAME dump` (wg(8)): a line for the interface, then one per peer, tab-separated.

    Returns None if it is no such output. The private key of the interface is left out.
    """
    lines = [line.split("\t") for line in text.splitlines()]
    if not lines or len(lines[0]) != 4:
        return None
    _, public_key, port, _ = lines[0]
    return RunningInterface(public_key, int(port), tuple(_peer(*line) for line in lines[1:] if len(line) == 8))


def _peer(
    key: str, shared: str, endpoint: str, allowed: str, handshake: str, got: str, sent: str, _: str
) -> WireguardPeer:
    networks = () if allowed == NONE else tuple(sorted(allowed.split(",")))
    moment, received, sent_bytes = int(handshake), int(got), int(sent)
    return WireguardPeer(key, _or_empty(endpoint), networks, moment, received, sent_bytes, _or_empty(shared))


def _or_empty(text: str) -> str:
    return "" if text == NONE else text
