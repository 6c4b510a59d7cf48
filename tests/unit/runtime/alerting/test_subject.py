"""The subjects of checks as text."""

from __future__ import annotations

import pytest

from runtime.alerting import subject
from runtime.alerting.subject import Subject, SubjectKind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("application no watchdog run", Subject(SubjectKind.APPLICATION, "no watchdog run")),
        ("disk of /srv/my disk", Subject(SubjectKind.DISK, "/srv/my disk")),
        ("memory", Subject(SubjectKind.MEMORY)),
        ("no watchdog run", Subject(SubjectKind.WATCHDOG)),
    ],
)
def test_parse_subject_round_trip(text: str, expected: Subject) -> None:
    assert subject.parse(text) == expected
    assert str(expected) == text


def test_parse_subject_of_previous_version() -> None:
    assert subject.parse("no pass of the watchdog") == Subject(SubjectKind.WATCHDOG)


def test_parse_refuses_unknown_subject() -> None:
    with pytest.raises(ValueError, match="memory2"):
        subject.parse("memory2")
