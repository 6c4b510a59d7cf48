"""The checks: what of this host and its applications needs the user at this moment. See also incidents.py."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime.alerting.notify import Severity
from runtime.base import disk_space
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths, Side
from runtime.certificates.overview import CertificateStatus, expiry_sentence
from runtime.context.cluster import open_cluster
from runtime.reconcile import operations
from runtime.reconcile.status import FINE, Status

MEMINFO = Path("/proc/meminfo")
DISK_PERCENT, MEMORY_PERCENT = 85.0, 10.0
# What was told is over only so far on the other side of its limit: else it would come and go.
DISK_SLACK, MEMORY_SLACK = 2.0, 5.0
LASTING_SECONDS = 300.0
NO_PASS_SECONDS = 600.0
APPLICATION, PROXY, CERTIFICATE = "application ", "proxy ", "certificate "
# The internal one alone may have nothing to listen on.
UNSERVED = f"{PROXY}{Side.INTERNAL}"
MEMORY, NO_PASS = "memory", "no pass of the watchdog"
SEE_STATUS = "See: shoestring status"


@dataclass(frozen=True)
class Trouble:
    """One thing that needs a person.

    `subject` names it, `message` tells it, `over` tells that it has ended. It counts when it has been there for
    `lasting` seconds.
    """

    subject: str
    message: str
    over: str
    severity: Severity = Severity.ERROR
    lasting: float = 0.0


@dataclass(frozen=True)
class Seen:
    """What a look found. `blind` are beginnings of subjects that it could say nothing about."""

    troubles: tuple[Trouble, ...]
    blind: tuple[str, ...]


def look(paths: Paths, run: RunPaths, now: float, told: Collection[str]) -> Seen:
    """Look at everything; `told` are subjects that were told, `now` is in seconds since the epoch.

    Changes nothing. Without an engine, and while a person has stopped everything, applications cannot be judged.
    """
    found = [*_of_disks(paths, told), *of_memory(_read(MEMINFO), told=MEMORY in told), *of_pass(run, now)]
    blind: tuple[str, ...] = (APPLICATION, PROXY, CERTIFICATE)
    if not run.stopped.exists():
        try:
            found += of_status(_status(paths), now)
            blind = ()
        except (ShoestringError, OSError):
            # The watchdog's pass tells that, and why.
            pass
    return Seen(tuple(found), blind)


def _status(paths: Paths) -> Status:
    cluster = open_cluster(paths)
    try:
        return operations.status(cluster)
    finally:
        cluster.client.close()


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        return ""


def _of_disks(paths: Paths, told: Collection[str]) -> Iterator[Trouble]:
    for place, percent in disk_space.used(str(paths.root)).items():
        yield from of_disk(place, percent, told=f"disk of {place}" in told)


def of_disk(place: str, percent: float, *, told: bool) -> tuple[Trouble, ...]:
    """A disk that is fuller than its limit."""
    if percent < DISK_PERCENT - (DISK_SLACK if told else 0):
        return ()
    what = f"The disk of {place} is {percent:.0f} % full. {disk_space.ADVICE}"
    return (Trouble(f"disk of {place}", what, f"The disk of {place} has room again.", Severity.WARNING),)


def of_memory(meminfo: str, *, told: bool) -> tuple[Trouble, ...]:
    """Little memory that a program could still have; `meminfo` is the text of /proc/meminfo (proc(5), in kB)."""
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in meminfo.splitlines())}
    total, available = sizes.get("MemTotal", 0), sizes.get("MemAvailable", 0)
    limit = MEMORY_PERCENT + (MEMORY_SLACK if told else 0)
    if 100 * available >= limit * total:
        return ()
    megabytes = f"{available // 1024} of {total // 1024} MB of memory"
    what = f"Only {megabytes} can still be used. See who uses it: shoestring memory"
    return (Trouble(MEMORY, what, "There is enough memory again.", Severity.WARNING, LASTING_SECONDS),)


def of_pass(run: RunPaths, now: float) -> tuple[Trouble, ...]:
    """No pass of the watchdog has ended for too long, whether well or not. What it mends stays as it is meanwhile.

    It must last from one look to the next: a host that was asleep, or whose clock was set, makes a pass between them.
    """
    see = "See: shoestring timers status"
    over = "The watchdog makes its passes again."
    try:
        age = now - run.passed.stat().st_mtime
    except OSError:
        what = f"No pass of the watchdog has ended since the host was started. {see}"
        return (Trouble(NO_PASS, what, over, lasting=NO_PASS_SECONDS),)
    if age < NO_PASS_SECONDS - LASTING_SECONDS:
        return ()
    what = f"No pass of the watchdog has ended for {age / 60:.0f} minutes. {see}"
    return (Trouble(NO_PASS, what, over, lasting=LASTING_SECONDS),)


def of_status(status: Status, now: float) -> tuple[Trouble, ...]:
    """Applications and proxies that do not run, certificates that are about to end.

    A file that is broken is told by the pass; what it has running goes on.
    """
    fine = {*FINE, "broken"}
    down = [
        *((f"{PROXY}{each.side}", each.state) for each in status.proxies if each.state not in fine),
        *((f"{APPLICATION}{each.name}", each.state) for each in status.applications if each.state not in fine),
    ]
    unserved = (
        Trouble(UNSERVED, each, f"{UNSERVED} runs again.", lasting=LASTING_SECONDS) for each in status.unserved
    )
    return (*_down(down), *unserved, *(_expiring(each, now) for each in status.certificates.expiring))


def _down(found: Iterable[tuple[str, str]]) -> Iterator[Trouble]:
    for subject, state in found:
        what = f"{subject} has not run well for {LASTING_SECONDS / 60:.0f} minutes; now it is {state}. {SEE_STATUS}"
        yield Trouble(subject, what, f"{subject} runs again, or is gone.", lasting=LASTING_SECONDS)


def _expiring(certificate: CertificateStatus, now: float) -> Trouble:
    subject = f"{CERTIFICATE}{certificate.name}"
    severity = Severity.ERROR if certificate.not_after <= now else Severity.WARNING
    over = f"{subject} is good for longer again, or is gone."
    return Trouble(subject, expiry_sentence(certificate, now), over, severity)
