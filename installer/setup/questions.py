"""The questions of setup as data, in the order in which they are asked. Nothing here asks or inspects the host."""

from __future__ import annotations

from collections.abc import Callable

from installer.data_directory.flat_settings import OFF, SettingsPath, SettingsValue
from installer.setup import preflight
from installer.setup import vpn_answers as vpn
from installer.setup.question import AnswerChoice, Question, QuestionContext, derived_internal_domain
from runtime.base import validators
from runtime.config import listen_address
from runtime.config.sections import InternalTls
from runtime.network.addresses import overlap

ALL_ADDRESSES, EVERY_ADDRESS = "0.0.0.0", "::"  # noqa: S104 - offered, and only for the public side
LOOPBACK = "127.0.0.1"
# A tunnel's near end has the same number, and there 80 would need root.
TUNNEL_PORTS = tuple(range(8081, 8100))
INTERNAL_PORTS = (80, *TUNNEL_PORTS)
TUNNEL_HTTPS_PORTS = tuple(range(8444, 8463))
INTERNAL_HTTPS_PORTS = (443, *TUNNEL_HTTPS_PORTS)


def is_domain(name: str) -> bool:
    """Return whether certificates can be issued for a host's name."""
    try:
        return not validators.is_reserved(validators.domain(name))
    except ValueError:
        return False


def _domain(context: QuestionContext) -> SettingsValue:
    name = context.facts.host_name
    return validators.domain(name) if is_domain(name) else None


def _email(context: QuestionContext) -> SettingsValue:
    # RFC 2142 section 7: the mailbox of a domain's DNS administrator.
    domain = context.text("domain")
    return f"hostmaster@{domain}" if domain else None


def _public_address(context: QuestionContext) -> SettingsValue:
    return context.facts.default_address or ALL_ADDRESSES


def _public_choices(context: QuestionContext) -> tuple[AnswerChoice, ...]:
    return (
        *(AnswerChoice(each.address, str(each)) for each in context.facts.offered_addresses),
        AnswerChoice(ALL_ADDRESSES, "all IPv4 addresses"),
        AnswerChoice(EVERY_ADDRESS, "all addresses, IPv4 and IPv6"),
        *_present_choice(context, ("public", "address"), (ALL_ADDRESSES, EVERY_ADDRESS)),
        AnswerChoice(OFF, "none: nothing public"),
    )


def _internal_choices(context: QuestionContext) -> tuple[AnswerChoice, ...]:
    usable = [
        each
        for each in context.facts.offered_addresses
        if not preflight.is_world_reachable(each.address) and each.address != vpn.address(context)
    ]
    off = () if context.is_off("public") else (AnswerChoice(OFF, "Not at all: no internal services"),)
    return (
        *vpn.choices(context),
        AnswerChoice(LOOPBACK, f"An SSH tunnel to {LOOPBACK}"),
        *(AnswerChoice(each.address, f"At {each}") for each in usable),
        *_present_choice(context, ("internal", "address"), (LOOPBACK, vpn.address(context))),
        *off,
    )


def _present_choice(
    context: QuestionContext, key: SettingsPath, besides: tuple[str, ...]
) -> tuple[AnswerChoice, ...]:
    """Return the current address as a choice, if it is not offered anyway."""
    present = context.before.get(key)
    offered = {each.address for each in context.facts.offered_addresses} | set(besides)
    return (AnswerChoice(present, f"{present} (current)"),) if present and present not in offered else ()


def _internal_port(
    name: str, tunnel: tuple[int, ...], direct: tuple[int, ...]
) -> Callable[[QuestionContext], SettingsValue]:
    """Return a default that is the first free port: of `tunnel` on loopback, else of `direct`."""

    def offer(context: QuestionContext) -> SettingsValue:
        ports = tunnel if context.text("internal", "address") == LOOPBACK else direct
        free = (port for port in ports if not _port_problem(context, ("internal", name), port))
        return next(free, ports[0])

    return offer


def _has_internal_tls(context: QuestionContext) -> bool:
    return context.text("internal", "tls") != InternalTls.NONE


def _by_dns(context: QuestionContext) -> bool:
    return context.text("internal", "tls") == InternalTls.DNS_01


def _needs_acme(context: QuestionContext) -> bool:
    """Return whether any certificate comes from a public authority."""
    return not context.is_off("public") or _by_dns(context)


def _check_port(context: QuestionContext, key: SettingsPath, value: SettingsValue) -> None:
    problem = _port_problem(context, key, value)
    if problem:
        raise ValueError(problem)


def _port_problem(context: QuestionContext, key: SettingsPath, value: SettingsValue) -> str:
    """Return why a port cannot be used at the address of its side; empty if it can."""
    port, address = validators.port(value), context.text(key[0], "address")
    for section, name in (
        (section, name) for section in ("public", "internal") for name in ("http_port", "https_port")
    ):
        taken = (section, name) != key and context.value(section, name) == port
        if taken and overlap(context.text(section, "address"), address):
            return f"{port} is {section}.{name} already"
    instance = str(context.before.get(("instance",), ""))
    return preflight.port_problem(context.facts, key, address, port, instance)


def _parse_port(text: str) -> int:
    try:
        return validators.port(int(text))
    except ValueError:
        raise ValueError(f"{text} is not a port (1 to 65535)") from None


def _port_question(
    section: str,
    name: str,
    text: str,
    default: Callable[[QuestionContext], SettingsValue],
    needed: Callable[[QuestionContext], bool] = lambda _: True,
) -> Question:
    key = (section, name)
    return Question(
        key, text, default, _parse_port, check=lambda context, value: _check_port(context, key, value), needed=needed
    )


QUESTIONS: tuple[Question, ...] = (
    Question(("domain",), "Your domain", _domain, validators.domain),
    Question(("email",), "E-mail for certificate authorities", _email, validators.email),
    Question(("public", "address"), "Public address", _public_address, validators.ip_address, _public_choices),
    _port_question("public", "http_port", "Public port for HTTP", lambda _: 80),
    _port_question("public", "https_port", "Public port for HTTPS", lambda _: 443),
    Question(
        ("internal", "address"),
        "How will you reach internal services?",
        lambda context: vpn.address(context) if vpn.is_given(context) else LOOPBACK,
        lambda text: str(listen_address.parse(text)),
        _internal_choices,
        implied=vpn.implied,
    ),
    _port_question(
        "internal", "http_port", "Internal port for HTTP", _internal_port("http_port", TUNNEL_PORTS, INTERNAL_PORTS)
    ),
    Question(
        ("internal", "domain"),
        "Internal domain",
        lambda context: derived_internal_domain(context.text("domain")),
        validators.domain,
    ),
    Question(
        ("internal", "tls"),
        "HTTPS for internal services",
        lambda _: InternalTls.PRIVATE_CA,
        str,
        lambda _: (
            AnswerChoice(InternalTls.PRIVATE_CA, "Yes, by a CA of your own, made here"),
            AnswerChoice(InternalTls.DNS_01, "Yes, by your DNS provider (wildcard from Let's Encrypt)"),
            AnswerChoice(InternalTls.NONE, "No, plain HTTP"),
        ),
    ),
    _port_question(
        "internal",
        "https_port",
        "Internal port for HTTPS",
        _internal_port("https_port", TUNNEL_HTTPS_PORTS, INTERNAL_HTTPS_PORTS),
        _has_internal_tls,
    ),
    Question(
        ("acme", "dns", "provider"),
        "DNS provider, as lego names it",
        lambda _: None,
        validators.application,
        needed=_by_dns,
    ),
    Question(
        ("acme", "server"),
        "Certificates from Let's Encrypt",
        lambda _: "production",
        str,
        lambda context: (
            AnswerChoice("production", "production"),
            AnswerChoice("staging", "staging: tests, refused by browsers"),
            *(
                AnswerChoice(server, f"from {server} (current)")
                for server in (context.before.get(("acme", "server")),)
                if server not in (None, "production", "staging")
            ),
        ),
        needed=_needs_acme,
    ),
    Question(
        ("images", "source"),
        "Container images",
        lambda _: "registry",
        str,
        lambda _: (
            AnswerChoice("registry", "pulled from Docker Hub"),
            AnswerChoice("local", "built here from Debian's packages"),
        ),
    ),
)
