"""Tells whoever the settings name of what needs a person: a command, an address, or both; docs/notifications.md."""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from runtime.base import command, files
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths
from runtime.config.settings import Settings

VERSION = 1
DAY = 86_400.0
# What could not be told is tried again after this, so that a receiver that is down does not cost each pass its time.
RETRY_SECONDS = 900.0
URL_TIMEOUT_SECONDS = 10.0
COMMAND_TIMEOUT_SECONDS = 30.0


class Severity(StrEnum):
    """How bad it is: a warning can wait for a day, an error means that something does not work; or it is over."""

    WARNING = "warning"
    ERROR = "error"
    OVER = "over"


# Takes the notice as JSON; returns a sentence if it could not be told, else nothing.
Channel = Callable[[str], str]


def tell(
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
    """Tell those that the settings name, each at most once a day of a subject, also after a restart.

    `now` is in seconds since the epoch. Returns a sentence if somebody could not be told, else nothing; who could not
    be told hears it later, if it is told again. Never raises. `key` is what is told once a day, where it is not the
    subject; `run` is for what the disk takes no note of.
    """
    notice = _notice(settings, subject, message, severity, now)
    channels = _channels(settings)
    # On a full disk it is noted in memory: of that above all somebody must hear.
    places = (paths.notified, (run or RunPaths(settings.instance)).notified)
    try:
        wrong = [
            _tell_once(places, f"{name} {key or subject}", channel, notice, now) if once_a_day else channel(notice)
            for name, channel in channels.items()
        ]
    except (ShoestringError, OSError) as error:
        # Without a note of it, it would be told at each pass.
        return f"{subject}: nobody was told, because that cannot be noted. {error}"
    return " ".join(each for each in wrong if each)


def _notice(settings: Settings, subject: str, message: str, severity: Severity, now: float) -> str:
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
        channels["command"] = lambda notice: _by_command(settings.notify.command, notice)
    if settings.notify.url:
        channels["url"] = lambda notice: _by_url(settings.notify.url, notice)
    return channels


def _tell_once(places: tuple[Path, ...], key: str, channel: Channel, notice: str, now: float) -> str:
    """Tell unless it was told in the last day. It is noted first: a kill costs one notice, and never repeats one."""
    waits = {name: until for file in places for name, until in _load(file, now).items()}
    if key in waits:
        return ""
    _note(places, {**waits, key: now + RETRY_SECONDS})
    wrong = channel(notice)
    if not wrong:
        _note(places, {**waits, key: now + DAY})
    return wrong


def _note(places: tuple[Path, ...], waits: Mapping[str, float]) -> None:
    """Save it at the first place that takes it. Raises what the last one raised."""
    *better, last = places
    for file in better:
        with contextlib.suppress(ShoestringError, OSError):
            _save(file, waits)
            return
    _save(last, waits)


def _load(file: Path, now: float) -> dict[str, float]:
    """Until when each is not told again, in seconds since the epoch; a file that cannot be read holds nothing.

    What lies further ahead than a day was noted by a clock that has gone back since.
    """
    try:
        told = json.loads(file.read_text(encoding="utf-8"))["told"]
        return {str(key): float(until) for key, until in told.items() if now < float(until) <= now + DAY}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _save(file: Path, waits: Mapping[str, float]) -> None:
    if not file.parent.is_dir():
        files.make_directory(file.parent, mode=0o700)
    files.write(file, json.dumps({"version": VERSION, "told": dict(sorted(waits.items()))}, indent=1), mode=0o600)


def _by_command(line: str, notice: str) -> str:
    try:
        result = command.run(tuple(shlex.split(line)), stdin=notice + "\n", timeout=COMMAND_TIMEOUT_SECONDS)
    except (ShoestringError, OSError, ValueError) as error:
        return f"notify.command failed: {error}"
    if result.ok:
        return ""
    last = result.tail(1)
    return f"notify.command ended with exit code {result.code}" + (f": {last}" if last else ".")


def _by_url(url: str, notice: str) -> str:
    """POST it. Sentences name the host alone: the rest of such an address is often a secret."""
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
    host = "the address"
    try:
        host = urlsplit(url).hostname or host
        post = request.Request(url, notice.encode(), headers, method="POST")  # noqa: S310 - settings take http(s) only
        opener.open(post, timeout=URL_TIMEOUT_SECONDS).close()
    except HTTPError as error:
        error.close()
        moved = ". Put the address that it redirects to into the settings." if 300 <= error.code < 400 else "."
        return f"notify.url: {host} answered {error.code} {error.reason}{moved}"
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        return f"notify.url: {host} could not be told ({reason})."
    return ""
