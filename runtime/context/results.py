"""What a command did, and what is wrong: types that an edge turns into text or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from runtime.base.errors import Problem
from runtime.context.change import Outcome, Plan


class Code(StrEnum):
    """The stable names of findings in JSON answers. `about` says when a finding has it."""

    about: str

    def __new__(cls, value: str, about: str) -> Code:
        """Return a member with its value and its meaning."""
        member = str.__new__(cls, value)
        member._value_, member.about = value, about
        return member

    ALL_FILES_REMOVED = (
        "all-files-removed",
        "the files of all applications disappeared at once",
    )
    CERTIFICATE_DEFERRED = "certificate-deferred", "a certificate is requested later"
    CERTIFICATE_EXPIRING = "certificate-expiring", "a certificate is about to expire, or has expired"
    CERTIFICATE_IMPOSSIBLE = "certificate-impossible", "no authority signs a certificate for these host names"
    CERTIFICATE_UNUSABLE = "certificate-unusable", "a certificate file cannot be used"
    CORE_NOT_RUNNING = "core-not-running", "a container of the core does not run"
    CONFLICT = "conflict", "another application already has a host name or port of this one"
    DISK_FULL = "disk-full", "the disk is full"
    FILE_INVALID = "file-invalid", "the file of an application is invalid, so it is not applied"
    FIREWALL_BYPASSED = "firewall-bypassed", "containers of an application are reached past the firewall"
    FIREWALL_NOT_CONFIRMED = (
        "firewall-not-confirmed",
        "the firewall is on in the settings, and not confirmed on this host",
    )
    HOST_ACCESS = (
        "host-access",
        "an application can become root on the host, or reads or changes files that are not its own",
    )
    LOCKED = "locked", "another command holds the lock, so nothing was done"
    NO_ADDRESS_YET = "no-address-yet", "the address of the internal side does not exist yet"
    NOT_ISOLATED = "not-isolated", "nothing keeps the neighbors of this host from its containers"
    NOT_PROXIED = "not-proxied", "an application has host names, but no service that the proxy can reach"
    NOT_REACHED = "not-reached", "the proxy gets no answer from an application"
    NOT_RUNNING = "not-running", "an application was started and does not run"
    NOT_SENT = "notification-not-sent", "a notification could not be sent"
    PORT_BLOCKED = "port-blocked", "an application publishes a port that the firewall blocks"
    RETRY_LATER = "retry-later", "a change failed and is tried again later"
    SERVICE = "service", "a remark of an internal service"
    SETUP = "setup", "a remark of the setup"
    STOPPED = "stopped", "the cluster was stopped by a user"
    VPN_DOWN = "vpn-down", "the interface of the VPN is down"
    VPN_FILE_DIFFERS = "vpn-file-differs", "a file of the VPN differs from the settings"


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


class Remark(Advisory):
    """An advisory of one sentence: its advice continues the message."""

    def __str__(self) -> str:
        return f"{self.message}; {self.advice}" if self.advice else self.message


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
