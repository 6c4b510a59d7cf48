"""The questions of setup as data: key, text, default, choices and check. Nothing here asks or looks at the host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from installer import leaves
from installer.host import preflight
from installer.host.facts import Facts
from installer.leaves import OFF, Leaves
from runtime import names
from runtime.documents import KeyPath
from runtime.settings import Settings

ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - offered, and only for the public side
LOOPBACK = "127.0.0.1"
# A tunnel's near end has the same number, and there 80 would need root.
TUNNEL_PORTS = tuple(range(8081, 8100))
INTERNAL_PORTS = (80, *TUNNEL_PORTS)
# Last labels of names that hosts get when nobody gave them a domain; no certificate is ever issued for them
# (RFC 6761, RFC 6762 section 3 and appendix G, and what cloud providers use).
_NO_DOMAIN = frozenset(
    ("arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost", "private")
)


@dataclass(frozen=True)
class Context:
    """What a question may look at: the host, the present settings if there are any, the answers so far."""

    facts: Facts
    present: Settings | None
    answers: Leaves

    def value(self, *path: str) -> object:
        """An answer that was given already; None if there is none."""
        return self.answers.get(path)

    @property
    def before(self) -> Leaves:
        """The present settings, one by one; empty on the first run."""
        return leaves.of_settings(self.present) if self.present else {}


@dataclass(frozen=True)
class Choice:
    """One answer to choose: `text` is shown for `value`. The value OFF switches the question's section off."""

    value: object
    text: str


@dataclass(frozen=True)
class Question:
    """One question. Typed text goes through `parse`, the value through `check`; both raise ValueError."""

    key: KeyPath
    text: str
    default: Callable[[Context], object]
    parse: Callable[[str], object]
    choices: Callable[[Context], tuple[Choice, ...]] | None = None
    check: Callable[[Context, object], None] = lambda _context, _value: None

    def applies(self, context: Context) -> bool:
        """Whether there is anything to ask: not below a section that is off."""
        return not leaves.is_off(context.answers, self.key)

    def offered(self, context: Context) -> object:
        """What is offered as the answer: the present setting, else what fits the host. None if nothing does."""
        section = self.key[:-1]
        if self.choices and section in context.before:
            return OFF
        return context.before.get(self.key, None) if self._keeps(context) else self.default(context)

    def _keeps(self, context: Context) -> bool:
        if self.key not in context.before:
            return False
        # An internal domain that followed from the domain goes on following it.
        follows = self.key == ("internal", "domain") and context.present is not None
        return not (
            follows and context.present and context.present.internal_domain == _derived(context.present.domain)
        )


def is_domain(name: str) -> bool:
    """Whether a host's name is one that certificates can be issued for."""
    try:
        return names.domain(name).rpartition(".")[2] not in _NO_DOMAIN
    except ValueError:
        return False


def _derived(domain: object) -> str:
    return f"internal.{domain}"


def _domain(context: Context) -> object:
    name = context.facts.host_name
    return names.domain(name) if is_domain(name) else None


def _email(context: Context) -> object:
    # RFC 2142 section 7: the mailbox of whoever looks after a domain's names.
    domain = context.value("domain")
    return f"hostmaster@{domain}" if domain else None


def _public_address(context: Context) -> object:
    return context.facts.default_address or ALL_ADDRESSES


def _public_choices(context: Context) -> tuple[Choice, ...]:
    return (
        *(Choice(each.address, str(each)) for each in context.facts.offered_addresses),
        Choice(ALL_ADDRESSES, "all addresses"),
        *_present_choice(context, ("public", "address"), (ALL_ADDRESSES,)),
        Choice(OFF, "none: nothing public"),
    )


def _internal_choices(context: Context) -> tuple[Choice, ...]:
    usable = [each for each in context.facts.offered_addresses if not preflight.is_world_reachable(each.address)]
    off = () if context.value("public") is OFF else (Choice(OFF, "Not at all: there are none"),)
    return (
        Choice(LOOPBACK, f"An SSH tunnel to {LOOPBACK}"),
        *(Choice(each.address, f"At {each}") for each in usable),
        *_present_choice(context, ("internal", "address"), (LOOPBACK,)),
        *off,
    )


def _present_choice(context: Context, key: KeyPath, besides: tuple[str, ...]) -> tuple[Choice, ...]:
    """The present address, where it is none of those that are offered anyway."""
    present = context.before.get(key)
    offered = {each.address for each in context.facts.offered_addresses} | set(besides)
    return (Choice(present, f"{present} (as now)"),) if present and present not in offered else ()


def _internal_port(context: Context) -> object:
    ports = TUNNEL_PORTS if context.value("internal", "address") == LOOPBACK else INTERNAL_PORTS
    free = (port for port in ports if not _port_problem(context, ("internal", "http_port"), port))
    return next(free, ports[0])


def _check_port(context: Context, key: KeyPath, value: object) -> None:
    problem = _port_problem(context, key, value)
    if problem:
        raise ValueError(problem)


def _port_problem(context: Context, key: KeyPath, value: object) -> str:
    """Why a port cannot be had at the address of its side; empty if it can."""
    port, address = names.port(value), str(context.value(str(key[0]), "address"))
    others = (("public", "http_port"), ("public", "https_port"))
    for other in others:
        at = str(context.value("public", "address"))
        if other != key and context.answers.get(other) == port and preflight.overlap(at, address):
            return f"{port} is {'.'.join(other)} already"
    instance = str(context.before.get(("instance",), ""))
    return preflight.port_problem(context.facts, key, address, port, instance)


def _parse_port(text: str) -> int:
    try:
        return names.port(int(text))
    except ValueError:
        raise ValueError(f"{text} is not a port (1 to 65535)") from None


def _port_question(section: str, name: str, text: str, default: Callable[[Context], object]) -> Question:
    key = (section, name)
    return Question(key, text, default, _parse_port, check=lambda context, value: _check_port(context, key, value))


QUESTIONS: tuple[Question, ...] = (
    Question(("domain",), "Your domain", _domain, names.domain),
    Question(("email",), "E-mail for certificate notices", _email, names.email),
    Question(("public", "address"), "Public address", _public_address, names.ip_address, _public_choices),
    _port_question("public", "http_port", "Public port for HTTP", lambda _: 80),
    _port_question("public", "https_port", "Public port for HTTPS", lambda _: 443),
    Question(
        ("internal", "address"),
        "How will you reach internal services?",
        lambda _: LOOPBACK,
        names.private_listen_address,
        _internal_choices,
    ),
    _port_question("internal", "http_port", "Internal port for HTTP", _internal_port),
    Question(
        ("internal", "domain"),
        "Internal domain",
        lambda context: _derived(context.value("domain")),
        names.domain,
    ),
    Question(
        ("acme", "server"),
        "Certificates from Let's Encrypt",
        lambda _: "production",
        str,
        lambda context: (
            Choice("production", "production"),
            Choice("staging", "staging: tests, refused by browsers"),
            *(
                Choice(server, f"from {server} (as now)")
                for server in (context.before.get(("acme", "server")),)
                if server not in (None, "production", "staging")
            ),
        ),
    ),
    Question(
        ("images", "source"),
        "Container images",
        lambda _: "registry",
        str,
        lambda _: (
            Choice("registry", "pulled from Docker Hub"),
            Choice("local", "built here from Debian's packages"),
        ),
    ),
)
