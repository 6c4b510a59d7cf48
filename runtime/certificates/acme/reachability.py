"""The check that an authority would reach this host: the names resolve to it, and port 80 reaches its proxy.

It runs before a request, because authorities count failed validations (RFC 8555, section 8.3).
"""

from __future__ import annotations

import http.client
import ipaddress
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from runtime.certificates.acme import resolve
from runtime.config.settings import Settings
from runtime.network import addresses
from runtime.network.addresses import HostAddress

PORT = 80
TIMEOUT_SECONDS = 5.0
LONGEST_BODY = 512
PATH = "/.well-known/acme-challenge/"


@dataclass(frozen=True)
class Reachability:
    """The result of the check: `problems` by host name prevent a request; `notes` are for the user."""

    problems: Mapping[str, str]
    notes: tuple[str, ...] = ()


class Answer(Enum):
    """The kind of answer at an address."""

    OURS = auto()
    OTHER = auto()
    NOTHING = auto()


# The answer to the nonce at an address and a port, asked for a host name.
Ask = Callable[[str, int, str], Answer]


def check(settings: Settings, host_names: tuple[str, ...], thumbprint: str) -> Reachability:
    """Resolve the names and request a nonce at each address; the proxy answers with `thumbprint`."""
    ask = _asker(thumbprint)
    if problem := _own_problem(settings, host_names[0], ask):
        return Reachability(dict.fromkeys(host_names, problem))
    try:
        found = resolve.addresses(host_names, settings.acme.dns.resolvers)
    except resolve.NoResolverError as error:
        return Reachability(dict.fromkeys(host_names, str(error)))
    return assess(found, addresses.observe(), ask)


def _own_problem(settings: Settings, host_name: str, ask: Ask) -> str:
    """Return why the public proxy itself does not answer challenges; empty if it does."""
    if settings.public is None:
        return "the public side is off, so nothing answers on port 80; use dns-01"
    here = listening_address(settings.public.address)
    answer = ask(here, settings.public.http_port, host_name)
    place = f"{here}:{settings.public.http_port}"
    if answer is Answer.NOTHING:
        return f"the public proxy does not answer at {place}; start it: shoestring start"
    if answer is Answer.OTHER:
        return (
            f"the public proxy at {place} does not answer the challenges of authorities; copy the two lines about "
            "acme-challenge from Shoestring's own template into conf/haproxy-public/haproxy.cfg.j2 "
            "(docs/certificates.md)"
        )
    return ""


def listening_address(address: str) -> str:
    """Return the address at which this host reaches a listener."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared, not listened on


def assess(found: Mapping[str, tuple[str, ...]], own: tuple[HostAddress, ...], ask: Ask) -> Reachability:
    """Judge the addresses of the names, on a host with the addresses `own`. Pure but for `ask`."""
    problems: dict[str, str] = {}
    notes: list[str] = []
    for name, places in found.items():
        if not places:
            problems[name] = _no_address(name, own)
        for place in places:
            problem, note = _assess_one(name, place, own, ask(place, PORT, name))
            if problem and name not in problems:
                problems[name] = problem
            notes += [note] if note else []
    return Reachability(problems, tuple(notes))


def _no_address(name: str, own: tuple[HostAddress, ...]) -> str:
    here = next((each.address for each in own if each.is_public), "")
    kind = "an AAAA record" if ":" in here else "an A record"
    return f"{name} has no address in DNS; add {kind} for {here or 'the public address of this host'}"


def _assess_one(name: str, place: str, own: tuple[HostAddress, ...], answer: Answer) -> tuple[str, str]:
    """Return a problem and a note about one address of a name; either may be empty."""
    if answer is Answer.OURS:
        return "", ""
    version = ipaddress.ip_address(place).version
    public = [
        each.address for each in own if each.is_public and ipaddress.ip_address(each.address).version == version
    ]
    if place not in {each.address for each in own} and public:
        return f"{name} points to {place}, this host is {' and '.join(public)}; correct its DNS record", ""
    if answer is Answer.OTHER:
        return (
            f"port {PORT} of {name} ({place}) is answered by another program; forward it to the public proxy of this "
            "host",
            "",
        )
    return "", (
        f"{name} ({place}) cannot be reached from this host; many networks do not let a host reach its own public "
        "address, so this may be harmless"
    )


def _asker(thumbprint: str) -> Ask:
    token = secrets.token_urlsafe(16)
    expected = f"{token}.{thumbprint}".encode()

    def ask(address: str, port: int, host_name: str) -> Answer:
        connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT_SECONDS)
        try:
            connection.connect()
        except OSError:
            return Answer.NOTHING
        try:
            connection.request("GET", f"{PATH}{token}", headers={"Host": host_name})
            response = connection.getresponse()
            right = response.status == http.client.OK and response.read(LONGEST_BODY).strip() == expected
        except (OSError, http.client.HTTPException):
            # Another program accepted the connection, not our proxy.
            return Answer.OTHER
        finally:
            connection.close()
        return Answer.OURS if right else Answer.OTHER

    return ask
