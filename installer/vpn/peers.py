"""What the running WireGuard says of its peers."""

from __future__ import annotations

from dataclasses import dataclass, field

# A session that works shakes hands every two minutes; after three it is given up (WireGuard's paper, section 6.1).
SESSION_SECONDS = 180
# What wg(8) prints where there is nothing.
NONE = "(none)"


@dataclass(frozen=True)
class Peer:
    """A client as the interface knows it.

    `handshake` is in seconds since 1970, 0: none yet; `received` and `sent` are bytes. The key that it shares with
    the server is empty if there is none, and printed nowhere.
    """

    public_key: str
    endpoint: str
    allowed: tuple[str, ...]
    handshake: int
    received: int
    sent: int
    preshared_key: str = field(repr=False)

    def is_connected(self, now: float) -> bool:
        """Whether its session is alive."""
        return now - self.handshake < SESSION_SECONDS


@dataclass(frozen=True)
class RunningInterface:
    """The interface as it runs."""

    public_key: str
    port: int
    peers: tuple[Peer, ...]

    def peer(self, public_key: str) -> Peer | None:
        """The peer with a key."""
        return next((each for each in self.peers if each.public_key == public_key), None)


def parse_dump(text: str) -> RunningInterface | None:
    """The answer of `wg show NAME dump` (wg(8)): a line of the interface, then one a peer, columns between tabs.

    None if it is none. The interface's own private key is left out.
    """
    lines = [line.split("\t") for line in text.splitlines()]
    if not lines or len(lines[0]) != 4:
        return None
    _, public_key, port, _ = lines[0]
    return RunningInterface(public_key, int(port), tuple(_peer(*line) for line in lines[1:] if len(line) == 8))


def _peer(key: str, shared: str, endpoint: str, allowed: str, handshake: str, got: str, sent: str, _: str) -> Peer:
    networks = () if allowed == NONE else tuple(sorted(allowed.split(",")))
    moment, received, gone = int(handshake), int(got), int(sent)
    return Peer(key, _or_empty(endpoint), networks, moment, received, gone, _or_empty(shared))


def _or_empty(text: str) -> str:
    return "" if text == NONE else text
