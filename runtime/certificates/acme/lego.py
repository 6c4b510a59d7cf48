"""lego, for names that are validated by DNS records: its command lines and its output. Nothing here runs it.

Sources: https://go-acme.github.io/lego/usage/cli/, and lego 4.35 itself for its output.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime.base.command import Result as Finished
from runtime.base.errors import UsageError
from runtime.base.paths import Paths
from runtime.certificates.acme.container import NO_NETWORK, ContainerMount, ContainerTask
from runtime.certificates.acme.outcome import RATE_LIMITED, REFUSALS, URN, AcmeOutcome, retry_after, short
from runtime.certificates.model import DesiredCertificate
from runtime.certificates.policy.ledger import AttemptResult
from runtime.config.dns_resolver import Resolver
from runtime.config.sections import PUBLIC_RESOLVERS
from runtime.config.settings import Settings
from runtime.docker import images

NAME = "lego"
# Measured: 22 MB.
MEMORY = "128m"
DATA, CA_FILE = "/data", "/ca.pem"
PROVIDERS_PAGE = "https://go-acme.github.io/lego/dns/"
# They prompt, or start a program that the container does not have.
UNUSABLE = frozenset({"manual", "exec"})
_LISTED = re.compile(r"^Supported DNS providers:\n\s+(.*)$", re.MULTILINE)
_SECTION = re.compile(r"^(Credentials|Additional Configuration):\n((?:  - .*\n?)+)", re.MULTILINE)
_VARIABLE = re.compile(r'^  - "([A-Z][A-Z0-9_]*)":\s*(.*)$', re.MULTILINE)
_MISSING = re.compile(r"some credentials information are missing: ([A-Z0-9_,]+)")
# The log's own lines begin with a date.
_LOG_LINE = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?:\[[A-Z]+\] )?")
_FAILED = re.compile(r"^\[([^\]\s]+)\] (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Provider:
    """A DNS provider of lego, with a description of each variable. Not all credentials are needed at once."""

    name: str
    credentials: Mapping[str, str]
    options: Mapping[str, str]

    @property
    def page(self) -> str:
        """Return the page that describes its variables."""
        return f"{PROVIDERS_PAGE}{self.name}/"

    def variables(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """Return the secrets that are its variables. Raises UsageError if there are none and it needs some.

        They are found by their prefixes, such as `CF_`: lego also takes older names, which it does not list.
        """
        beginnings = {f"{name.partition('_')[0]}_" for name in self.credentials} | {f"{self.name.upper()}_"}
        given = {name: value for name, value in secrets.items() if name.startswith(tuple(beginnings))}
        if self.credentials and not set(given) - set(self.options):
            what = "; ".join(f"{name} ({about})" if about else name for name, about in self.credentials.items())
            raise UsageError(
                f"secrets.yaml has no credentials for the DNS provider {self.name}. It accepts: {what}. Which of "
                f"them are needed: {self.page}"
            )
        return {name: value for name, value in secrets.items() if name in given or name in self.options}


def describe(provider: str) -> ContainerTask:
    """Return the task that describes one provider, or lists all for an empty name. Needs no network."""
    # It makes its folder first, whatever it is asked.
    arguments = ("--path", "/tmp", "dnshelp", *(("--code", provider) if provider else ()))  # noqa: S108
    return ContainerTask("lego-help", images.LEGO.reference, arguments, memory=MEMORY, network=NO_NETWORK)


def parse_provider(name: str, text: str) -> Provider:
    """Parse the output of `dnshelp --code`."""
    parts = {title: dict(_VARIABLE.findall(lines)) for title, lines in _SECTION.findall(text)}
    return Provider(name, parts.get("Credentials", {}), parts.get("Additional Configuration", {}))


def parse_list(text: str) -> tuple[str, ...]:
    """Parse the names of all providers from the output of `dnshelp`."""
    found = _LISTED.search(text)
    return tuple(name.strip() for name in found[1].split(",")) if found else ()


def unknown(name: str, known: tuple[str, ...]) -> UsageError:
    """Return the error for a provider that lego does not have."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return UsageError(f"acme.dns.provider: lego has no DNS provider {name!r}; {hint}All of them: {PROVIDERS_PAGE}")


def run(
    paths: Paths,
    settings: Settings,
    server: str,
    variables: Mapping[str, str],
    desired: DesiredCertificate,
    *,
    trial: bool,
) -> ContainerTask:
    """Return the task that requests a certificate, with a new account if needed; a `trial` has its own folder."""
    mounts: tuple[ContainerMount, ...] = (ContainerMount(folder(paths, trial=trial), DATA),)
    environment = {}
    if settings.acme.ca_file:
        mounts += (ContainerMount(Path(settings.acme.ca_file), CA_FILE, read_only=True),)
        environment["LEGO_CA_CERTIFICATES"] = CA_FILE
    arguments = (
        *("--path", DATA, "--server", server, "--email", settings.email, "--accept-tos", "--key-type", "ec256"),
        # The files have the certificate's name, which stays when the host names change.
        *("--filename", desired.name, "--dns", settings.acme.dns.provider),
        *_resolvers(settings.acme.dns.resolvers),
        *(word for name in desired.host_names for word in ("--domains", name)),
        "run",
    )
    return ContainerTask(NAME, images.LEGO.reference, arguments, mounts, environment, variables, MEMORY)


def _resolvers(resolvers: tuple[Resolver, ...]) -> tuple[str, ...]:
    """Return the options for the servers that are asked whether the record exists.

    By default these are the domain's own servers. User-provided resolvers are asked directly: their network may not
    reach other servers.
    """
    asked = tuple(word for each in resolvers for word in ("--dns.resolvers", each.host_port))
    own = resolvers != PUBLIC_RESOLVERS
    return (*asked, *(("--dns.propagation-disable-ans", "--dns.propagation-rns") if own else ()))


def folder(paths: Paths, *, trial: bool) -> Path:
    """Return the folder of lego's accounts and certificates."""
    return paths.lego / "staging" if trial else paths.lego


def original(paths: Paths, name: str) -> tuple[Path, Path]:
    """Return lego's files of the full chain and the key."""
    place = paths.lego / "certificates"
    return place / f"{name}.crt", place / f"{name}.key"


def outcome(finished: Finished, now: float) -> AcmeOutcome:
    """Return the outcome of an attempt of lego. `now` is its end, in seconds since the epoch."""
    if finished.ok:
        return AcmeOutcome(AttemptResult.ISSUED)
    printed = finished.err
    if found := _MISSING.search(printed):
        return AcmeOutcome(AttemptResult.NOT_REQUESTED, f"secrets.yaml lacks {found[1].replace(',', ', ')}")
    last = _last(printed) or f"lego ended with exit code {finished.code}"
    kinds = URN.findall(last)
    if RATE_LIMITED in kinds:
        return AcmeOutcome(
            AttemptResult.UNAVAILABLE, f"its rate limit is reached: {last}", (), retry_after(last, now)
        )
    if REFUSALS & set(kinds):
        refused = tuple(dict.fromkeys(name for name, why in _FAILED.findall(printed) if "error:" in why))
        return AcmeOutcome(AttemptResult.REFUSED, last, refused)
    return AcmeOutcome(AttemptResult.UNAVAILABLE, last)


def too_slow(message: str, printed: str) -> AcmeOutcome:
    """Return the outcome of a stopped attempt: lego waits as long as a rate limit lasts."""
    if RATE_LIMITED in URN.findall(printed):
        return AcmeOutcome(AttemptResult.UNAVAILABLE, f"its rate limit is reached: {_last(printed)}")
    return AcmeOutcome(AttemptResult.UNAVAILABLE, message)


def _last(printed: str) -> str:
    """Return the last entry of the log, which may have several lines."""
    lines = printed.strip().splitlines()
    first = next((index for index in reversed(range(len(lines))) if _LOG_LINE.match(lines[index])), 0)
    return short(_LOG_LINE.sub("", " ".join(lines[first:]))) if lines else ""
