"""What the running WireGuard says of its peers."""

from __future__ import annotations

from dataclasses import dataclass

# A session that works shakes hands every two minutes; after three it is given up (WireGuard's paper, section 6.1).
SESSION_SECONDS = 180


@dataclass(frozen=True)
class Peer:
    """A client as the interface knows it. `handshake` is in seconds since 1970, 0: none yet; the rest are bytes."""

    public_key: str
    endpoint: str
    allowed: tuple[str, ...]
    handshake: int
    received: int
    sent: int

    def is_connected(self, now: float) -> bool:
        """Whether its session is alive."""
        return now - self.handshake < SESSION_SECONDS


@dataclass(frozen=True)
class Live:
    """The interface as it runs."""

    public_key: str
    port: int
    peers: tuple[Peer, ...]

    def peer(self, public_key: str) -> Peer | None:
        """The peer with a key."""
        return next((each for each in self.peers if each.public_key == public_key), None)


def parse_dump(text: str) -> Live | None:
    """The answer of `wg show NAME dump` (wg(8)): a line of the interface, then one a peer, columns between tabs.

    None if it is none. Keys other than public ones are left out.
    """
    lines = [line.split("\t") for line in text.splitlines()]
    if not lines or len(lines[0]) != 4:
        return None
    _, public_key, port, _ = lines[0]
    return Live(public_key, int(port), tuple(_peer(*line) for line in lines[1:] if len(line) == 8))


def _peer(key: str, _shared: str, endpoint: str, allowed: str, handshake: str, got: str, sent: str, _: str) -> Peer:
    networks = () if allowed == "(none)" else tuple(sorted(allowed.split(",")))
    return Peer(key, "" if endpoint == "(none)" else endpoint, networks, int(handshake), int(got), int(sent))
