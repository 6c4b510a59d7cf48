"""What a command did, and what is wrong: types that an edge turns into text or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from runtime.base.errors import Problem
from runtime.context.change import Outcome, Plan


class Code(StrEnum):
    """The stable names of findings in JSON answers."""

    ALL_FILES_REMOVED = "all-files-removed"
    CERTIFICATE_DEFERRED = "certificate-deferred"
    CERTIFICATE_EXPIRING = "certificate-expiring"
    CERTIFICATE_IMPOSSIBLE = "certificate-impossible"
    CERTIFICATE_UNUSABLE = "certificate-unusable"
    CORE_NOT_RUNNING = "core-not-running"
    DISK_FULL = "disk-full"
    FIREWALL_NOT_CONFIRMED = "firewall-not-confirmed"
    NO_ADDRESS_YET = "no-address-yet"
    NOT_PROXIED = "not-proxied"
    NOT_REACHED = "not-reached"
    NOT_RUNNING = "not-running"
    NOT_SENT = "notification-not-sent"
    RETRY_LATER = "retry-later"
    SERVICE = "service"
    STOPPED = "stopped"
    VPN_DOWN = "vpn-down"
    VPN_FILE_DIFFERS = "vpn-file-differs"


@dataclass(frozen=True)
class Finding:
    """Something that the user reads about one `subject`, such as an application's name.

    `message` is what it is, `advice` what to do, empty where nothing is to be done.
    """

    code: Code
    subject: str
    message: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.message} {self.advice}" if self.advice else self.message


class Advisory(Finding):
    """A warning: worth knowing, and nothing failed."""


class Blocked(Finding):
    """Something that is not done until the user has acted."""


class Deferred(Finding):
    """Something that failed and is tried again later, without the user."""


class Failure(Finding):
    """An application that was applied, and does not run or is not reached."""

    def __str__(self) -> str:
        return f"{self.subject}: {super().__str__()}"


@dataclass(frozen=True)
class Expiry:
    """A certificate that is about to expire, or has `expired`. `message` says when, and what to do."""

    name: str
    message: str
    expired: bool


@dataclass(frozen=True)
class Report:
    """What a changing command did, and what is wrong.

    `problems` are in the files, `failures` in what was applied. `expiring` are certificates that a renewal left about
    to expire; `blocked` names each of them too.
    """

    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Advisory, ...] = ()
    failures: tuple[Failure, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    expiring: tuple[Expiry, ...] = ()

    @property
    def ok(self) -> bool:
        """Return whether all of it worked and no file is invalid."""
        wrong = self.problems or self.failures or self.blocked or self.deferred
        return not wrong and all(outcome.ok for outcome in self.outcomes)


@dataclass(frozen=True)
class PlanReport:
    """What a command would do, and what is wrong. `asks_authority`: some certificates others must sign."""

    changes: Plan
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Advisory, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    asks_authority: bool = False
