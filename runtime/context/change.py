"""The protocol of a change: one step of a plan, a frozen value that is described, compared and applied."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from runtime.base.errors import explain, sentence_of
from runtime.context.cluster import Cluster


class Sign(StrEnum):
    """What a plan prints before a change."""

    NEW = "+"
    CHANGED = "~"
    REMOVED = "-"


@dataclass(frozen=True)
class ChangeDescription:
    """What the user reads about a change: its sign, the name of what is changed, and what is different."""

    sign: Sign
    name: str
    about: str


@dataclass(frozen=True)
class Step:
    """One step of a change that takes a while: its name, what is printed beside it, its duration in seconds."""

    name: str
    about: str
    seconds: float
    ok: bool = True


def ignore_step(_step: Step) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class ApplyContext:
    """What a change is applied with.

    `variables` are what Compose substitutes in application files. `guard` holds the instance's lock for a change
    that must not hold it all the time; by default it is held already. `report` is called with each step.
    """

    cluster: Cluster
    variables: Mapping[str, str] = field(default_factory=dict)
    guard: Callable[[], AbstractContextManager[None]] = nullcontext
    report: Callable[[Step], None] = ignore_step


class Change(ABC):
    """One step from the observed to the desired state. Subclasses are frozen dataclasses.

    `kind` is its stable name in JSON answers.
    """

    kind: ClassVar[str]

    @abstractmethod
    def describe(self) -> ChangeDescription:
        """Return what the user reads about it."""

    @abstractmethod
    def apply(self, context: ApplyContext) -> str:
        """Make the change. Return what was done where that says more than its description, else nothing.

        Any exception means that it failed; the changes after it are tried all the same, unless it `is_fatal`.
        """

    @property
    def sign(self) -> Sign:
        """Return whether it adds, changes or removes."""
        return self.describe().sign

    @property
    def name(self) -> str:
        """Return the name of what is changed."""
        return self.describe().name

    @property
    def about(self) -> str:
        """Return what is different."""
        return self.describe().about

    @property
    def key(self) -> str:
        """Return the same text for two changes that are attempts at the same thing."""
        return f"{self.kind} {self.name}"

    @property
    def fingerprint(self) -> str:
        """Return a digest of what it is made from; with another one an attempt is not a repetition."""
        return ""

    @property
    def is_fatal(self) -> bool:
        """Return whether nothing after it is tried where it fails."""
        return False

    @property
    def is_repair(self) -> bool:
        """Return whether the files ask for nothing new: that it is necessary again counts like a failure."""
        return False


Plan = tuple[Change, ...]


@dataclass(frozen=True)
class Outcome:
    """The result of one change. `failure` is None if it worked; `detail` may say more about what was done."""

    change: Change
    seconds: float
    detail: str = ""
    failure: Exception | None = None

    @property
    def ok(self) -> bool:
        """Return whether it worked."""
        return self.failure is None

    @property
    def error(self) -> str:
        """Return why it failed, as the user reads it; empty if it worked."""
        return explain(self.failure)[0] if self.failure else ""

    @property
    def sentence(self) -> str:
        """Return the same without what a container or a program printed."""
        return sentence_of(self.failure) if self.failure else ""


class Listener:
    """What is called when a change begins, at each of its steps, and when it ends. This one does nothing."""

    def waiting(self, holder: str) -> None:
        """Handle that another command holds the lock."""

    def begin(self, change: Change) -> None:
        """Handle the beginning of a change, which may take a while."""

    def step(self, change: Change, step: Step) -> None:
        """Handle a step of a change that ended or failed."""

    def done(self, outcome: Outcome) -> None:
        """Handle a change that ended or failed."""


SILENT = Listener()
