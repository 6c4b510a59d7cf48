"""What a check is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SubjectKind(StrEnum):
    """The kind of the checked object; its text begins the subject that users receive."""

    DISK = "disk of"
    MEMORY = "memory"
    WATCHDOG = "no watchdog run"
    APPLICATION = "application"
    PROXY = "proxy"
    CERTIFICATE = "certificate"


# By this name the version before knew Kind.WATCHDOG in its state file.
_OLD_WATCHDOG = "no pass of the watchdog"


@dataclass(frozen=True)
class Subject:
    """One thing that is checked: `application blog`. `name` is empty where the host has only one."""

    kind: SubjectKind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()


def parse(text: str) -> Subject:
    """Return the subject that state files of version 0.1.0 have as text. Raises ValueError if there is none."""
    if text == _OLD_WATCHDOG:
        return Subject(SubjectKind.WATCHDOG)
    for kind in SubjectKind:
        if text == kind or text.startswith(f"{kind} "):
            return Subject(kind, text.removeprefix(kind).strip())
    raise ValueError(f"{text} is not the subject of a check")
