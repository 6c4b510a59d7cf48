"""certbot, for names that are validated over HTTP: its command lines and its output. Nothing here runs it.

Sources: https://eff-certbot.readthedocs.io/en/stable/using.html, and certbot 4.0 and 5.5 themselves for their output.
"""

from __future__ import annotations

import re
from pathlib import Path

from runtime.base.command import Result as Finished
from runtime.base.paths import Paths
from runtime.certificates.acme.account import Account
from runtime.certificates.acme.container import ContainerMount, ContainerTask
from runtime.certificates.acme.outcome import RATE_LIMITED, REFUSALS, URN, AcmeOutcome, retry_after, short
from runtime.certificates.model import DesiredCertificate
from runtime.certificates.policy.ledger import AttemptResult
from runtime.config.settings import Settings
from runtime.docker import images

NAME = "certbot"
# Measured: 67 MB.
MEMORY = "192m"
CA_FILE = "/ca.pem"
COMMON = (
    "--non-interactive",
    # The log goes with the container; what it would have is printed (-vv), and parsed here.
    *("--logs-dir", "/tmp/log", "-vv"),  # noqa: S108 - in the container
)
# `Identifier` since certbot 5.3 (`_generate_failed_chall_msg` of certbot/_internal/auth_handler.py).
_FAILED = re.compile(r"^ +(?:Domain|Identifier): (\S+)\n +Type: +(\S+)\n +Detail: (.*)$", re.MULTILINE)
# The user needs the message, not Python's name of the error.
_UNEXPECTED = re.compile(r"^An unexpected error occurred:\n(?:[A-Za-z.]*Error: )?(.*)$", re.MULTILINE)
_STATUS = re.compile(r"^HTTP (\d{3})$", re.MULTILINE)
ADVICE = ("Ask for help or search for solutions", "Saving debug log to")


def register(paths: Paths, settings: Settings, server: str) -> ContainerTask:
    """Return the task that registers an account at an ACME directory."""
    return _task(
        paths,
        settings,
        ("register", *COMMON, "--server", server, "--agree-tos", "--no-eff-email", "--email", settings.email),
    )


def certonly(
    paths: Paths, settings: Settings, server: str, account: Account, desired: DesiredCertificate, *, trial: bool
) -> ContainerTask:
    """Return the task that requests a certificate; a `trial` does not keep it."""
    return _task(
        paths,
        settings,
        (
            *("certonly", *COMMON, "--server", server, "--account", account.name, "--agree-tos"),
            # The public proxy answers the challenges; there is nothing to do for each.
            *("--manual", "--preferred-challenges", "http", "--manual-auth-hook", "/bin/true"),
            *("--key-type", "ecdsa", "--cert-name", desired.name),
            # Shoestring has decided that it is due, and the names may have changed.
            *("--force-renewal", "--renew-with-new-domains"),
            *(("--dry-run",) if trial else ()),
            *(word for name in desired.host_names for word in ("--domain", name)),
        ),
    )


def _task(paths: Paths, settings: Settings, arguments: tuple[str, ...]) -> ContainerTask:
    mounts: tuple[ContainerMount, ...] = (
        ContainerMount(paths.certbot / "etc", "/etc/letsencrypt"),
        ContainerMount(paths.certbot / "var", "/var/lib/letsencrypt"),
    )
    environment = {}
    if settings.acme.ca_file:
        mounts += (ContainerMount(Path(settings.acme.ca_file), CA_FILE, read_only=True),)
        environment["REQUESTS_CA_BUNDLE"] = CA_FILE
    return ContainerTask(NAME, images.CERTBOT.reference, arguments, mounts, environment, memory=MEMORY)


def original(paths: Paths, name: str) -> tuple[Path, Path]:
    """Return certbot's files of the full chain and the key."""
    live = paths.certbot / "etc" / "live" / name
    return live / "fullchain.pem", live / "privkey.pem"


def remains(paths: Paths, name: str) -> tuple[Path, ...]:
    """Return the files of an incomplete lineage, as a power cut leaves it: certbot would begin another, `NAME-0001`.

    Empty if it is complete or does not exist.
    """
    etc = paths.certbot / "etc"
    parts = (etc / "renewal" / f"{name}.conf", etc / "live" / name, etc / "archive" / name)
    live = tuple(parts[1] / f"{part}.pem" for part in ("cert", "chain", "fullchain", "privkey"))
    if all(_has_content(file) for file in (parts[0], *live)):
        return ()
    return tuple(part for part in parts if part.exists())


def _has_content(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def outcome(finished: Finished, desired: DesiredCertificate, now: float) -> AcmeOutcome:
    """Return the outcome of an attempt of certbot. `now` is its end, in seconds since the epoch."""
    if finished.ok:
        return AcmeOutcome(AttemptResult.ISSUED)
    if failed := _FAILED.findall(finished.out):
        error = "; ".join(f"{name}: {detail.strip()} ({kind})" for name, kind, detail in failed)
        return AcmeOutcome(AttemptResult.REFUSED, short(error), tuple(name for name, _, _ in failed))
    error = _last_error(finished)
    kind = _last_problem(finished.err)
    if kind == RATE_LIMITED:
        return AcmeOutcome(
            AttemptResult.UNAVAILABLE, f"its rate limit is reached: {error}", (), retry_after(finished.err, now)
        )
    if kind == "accountDoesNotExist":
        advice = "it no longer knows the account; move data/letsencrypt/etc/accounts away to create a new one"
        return AcmeOutcome(AttemptResult.UNAVAILABLE, f"{advice} ({error})")
    if kind in REFUSALS:
        return AcmeOutcome(
            AttemptResult.REFUSED, error, tuple(name for name in desired.host_names if f'"{name}"' in error)
        )
    return AcmeOutcome(AttemptResult.UNAVAILABLE, error, (), retry_after(_last_answer(finished.err), now))


def _last_error(finished: Finished) -> str:
    if found := _UNEXPECTED.findall(finished.err):
        return short(found[-1])
    lines = [line for line in finished.err.strip().splitlines() if line.strip() and not line.startswith(ADVICE)]
    return short(lines[-1]) if lines else f"certbot ended with exit code {finished.code}"


def _last_problem(printed: str) -> str:
    """Return the type of the authority's last answer if it was an error, else an empty text."""
    found = URN.search(_last_answer(printed))
    return found[1] if found else ""


def _last_answer(printed: str) -> str:
    """Return the headers and body of the authority's last answer if it was an error, else an empty text."""
    answers = list(_STATUS.finditer(printed))
    return printed[answers[-1].start() :] if answers and int(answers[-1][1]) >= 400 else ""
