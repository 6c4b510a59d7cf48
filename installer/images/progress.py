"""Progress and results of pulling and building images."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from runtime.base.errors import ShoestringError


class ImageAction(StrEnum):
    """How an image gets to this host."""

    PULL = "pull"
    BUILD = "build"


class ImageOutcome(StrEnum):
    """What was done for an image."""

    PULLED = "pulled"
    BUILT = "built"
    PRESENT = "present"


@dataclass(frozen=True)
class Progress:
    """The progress of one image.

    `image` is the reference or the recipe's name, `line` the current step. `done` and `total` count the bytes
    downloaded and known so far; both are 0 for a build.
    """

    image: str
    action: ImageAction
    seconds: float
    line: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class FetchedImage:
    """An image that is on this host now.

    `name` is its name in the engine. `size` is in bytes, the base's layers included; `shared` is their part of it.
    """

    image: str
    name: str
    outcome: ImageOutcome
    seconds: float
    size: int
    shared: int = 0

    @property
    def own(self) -> int:
        """Return the bytes that this image alone takes on the disk: to be added up for several images."""
        return self.size - self.shared


Report = Callable[[Progress], None]


def ignore(_progress: Progress) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Meter:
    """Reports the progress of one image, with the time since the work on it began."""

    image: str
    action: ImageAction
    report: Report
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Return the seconds since the work on the image began."""
        return time.monotonic() - self.started

    def report_line(self, line: str, done: int = 0, total: int = 0) -> None:
        """Report the current step."""
        self.report(Progress(self.image, self.action, self.seconds, line, done, total))


class EngineRefusalError(ShoestringError):
    """The engine refused a request; the message is its own, in one line."""


@contextmanager
def engine_refusals() -> Iterator[None]:
    """Turn errors of the SDK, and of the connection to the engine, into EngineRefusalError."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except APIError as error:
        raise EngineRefusalError(one_line(error.explanation or str(error))) from error
    except (DockerException, RequestException) as error:
        raise EngineRefusalError(one_line(str(error))) from error


def one_line(text: str) -> str:
    """Return a text on one line, without a final full stop."""
    return " ".join(text.split()).rstrip(".")
