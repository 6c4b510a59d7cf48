"""Send notifications to the receivers in the settings: a command, a URL, or both; see docs/notifications.md."""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from runtime.base import command, files, hints
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths
from runtime.base.printed import masked, plain
from runtime.config import secrets
from runtime.config.settings import Settings

VERSION = 2
DAY = 86_400.0
# A notification that could not be sent is tried again after this: a receiver that is down must not delay each run.
RETRY_SECONDS = 900.0
URL_TIMEOUT_SECONDS = 10.0
COMMAND_TIMEOUT_SECONDS = 30.0


class Severity(StrEnum):
    """The severity: a warning can wait for a day, an error means that something does not work."""

    WARNING = "warning"
    ERROR = "error"
    RESOLVED = "resolved"


# Sends a notification, which is JSON; returns a sentence if it could not be sent, else nothing.
Channel = Callable[[str], str]


def send(
    settings: Settings,
    paths: Paths,
    subject: str,
    message: str,
    severity: Severity,
    now: float,
    *,
    once_a_day: bool = True,
    key: str = "",
    run: RunPaths | None = None,
) -> str:
    """Send a notification to each receiver in the settings, at most once a day for a subject, also after a restart.

    `now` is in seconds since the epoch. Returns a sentence if it could not be sent, else nothing; calling this again
    sends it again after RETRY_SECONDS. Never raises. `key` is what is sent once a day, where it is not the subject;
    `run` is where that is saved while the disk is full.
    """
    body = _notification(settings, subject, hints.for_instance(_public(message, paths), paths.root), severity, now)
    channels = _channels(settings)
    # On a full disk it is saved in memory: that above all must be notified.
    places = (paths.notified, (run or RunPaths(settings.instance)).notified)
    try:
        failures = [
            _send_once(places, f"{name} {key or subject}", channel, body, now) if once_a_day else channel(body)
            for name, channel in channels.items()
        ]
    except (ShoestringError, OSError) as error:
        # Without its state it would be sent by each run.
        return f"Could not send the notification for {subject}: its state file cannot be written. {error}"
    return " ".join(each for each in failures if each)


def _public(message: str, paths: Paths) -> str:
    """Return a message without control characters and without the values of `conf/secrets.yaml`."""
    known: dict[str, str] = {}
    # What cannot be read is a problem of its own, and is reported as one.
    with contextlib.suppress(ShoestringError, OSError):
        known = secrets.load(paths.secrets)
    return masked(plain(message), known.values())


def _notification(settings: Settings, subject: str, message: str, severity: Severity, now: float) -> str:
    return json.dumps(
        {
            "version": VERSION,
            "instance": settings.instance,
            "host": socket.gethostname(),
            "subject": subject,
            "severity": severity,
            "message": message,
            "time": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        },
        ensure_ascii=False,
    )


def _channels(settings: Settings) -> Mapping[str, Channel]:
    channels: dict[str, Channel] = {}
    if settings.notify.command:
        channels["command"] = lambda notification: _by_command(settings.notify.command, notification)
    if settings.notify.url:
        channels["url"] = lambda notification: _by_url_in_time(settings.notify.url, notification)
    return channels


def _send_once(places: tuple[Path, ...], key: str, channel: Channel, body: str, now: float) -> str:
    """Send unless it was sent in the last day. That is saved first: a kill loses one and repeats none."""
    waits = {name: until for file in places for name, until in _load(file, now).items()}
    if key in waits:
        return ""
    _save_first(places, {**waits, key: now + RETRY_SECONDS})
    failure = channel(body)
    if not failure:
        _save_first(places, {**waits, key: now + DAY})
    return failure


def _save_first(places: tuple[Path, ...], waits: Mapping[str, float]) -> None:
    """Save at the first path that can be written. Raises what the last one raised."""
    *better, last = places
    for file in better:
        with contextlib.suppress(ShoestringError, OSError):
            _save(file, waits)
            return
    _save(last, waits)


def _load(file: Path, now: float) -> dict[str, float]:
    """Return until when each is not sent again, in seconds since the epoch; empty if the file cannot be read.

    A time further ahead than a day was saved before the clock was set back.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        # `told` was the key of the version before.
        notified = content["notified"] if "notified" in content else content["told"]
        return {str(key): float(until) for key, until in notified.items() if now < float(until) <= now + DAY}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _save(file: Path, waits: Mapping[str, float]) -> None:
    if not file.parent.is_dir():
        files.make_directory(file.parent, mode=0o700)
    files.write(file, json.dumps({"version": VERSION, "notified": dict(sorted(waits.items()))}, indent=1), mode=0o600)


def _by_command(line: str, notification: str) -> str:
    try:
        result = command.run(tuple(shlex.split(line)), stdin=notification + "\n", timeout=COMMAND_TIMEOUT_SECONDS)
    except (ShoestringError, OSError, ValueError) as error:
        return f"notify.command failed: {error}"
    if result.ok:
        return ""
    last = result.tail(1)
    return f"notify.command ended with exit code {result.code}" + (f": {last}" if last else ".")


def _by_url_in_time(url: str, notification: str) -> str:
    """Send it by URL, and give up after URL_TIMEOUT_SECONDS in all.

    The timeout of a socket is for each read, and the lookup of a name has none: a receiver that answers a byte at a
    time would delay the watchdog. So the exchange has a thread, which ends with this process.
    """
    import threading

    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(_by_url(url, notification)), daemon=True)
    thread.start()
    thread.join(URL_TIMEOUT_SECONDS)
    return answers[0] if answers else f"notify.url: no answer within {URL_TIMEOUT_SECONDS:.0f} s."


def _by_url(url: str, notification: str) -> str:
    """Send it as a POST. A failure names the host only: the rest of such a URL is often a secret."""
    from http.client import HTTPException
    from urllib import request
    from urllib.error import HTTPError, URLError
    from urllib.parse import urlsplit

    # No handler for redirects: they would turn the POST into a GET, or lead elsewhere.
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPDefaultErrorHandler,
        request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    headers = {"Content-Type": "application/json", "User-Agent": "Shoestring"}
    host = "the URL"
    try:
        host = urlsplit(url).hostname or host
        post = request.Request(url, notification.encode(), headers, method="POST")  # noqa: S310 - settings take http(s) only
        opener.open(post, timeout=URL_TIMEOUT_SECONDS).close()
    except HTTPError as error:
        error.close()
        moved = ". Set the URL that it redirects to in the settings." if 300 <= error.code < 400 else "."
        return f"notify.url: {host} answered {error.code} {error.reason}{moved}"
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        return f"notify.url: {host} cannot be reached ({reason})."
    return ""
