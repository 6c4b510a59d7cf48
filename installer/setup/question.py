"""A question of setup: key, text, default, choices and check. The questions are in questions.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from installer.data_directory import flat_settings
from installer.data_directory.flat_settings import OFF, FlatSettings, SettingsPath, SettingsValue
from installer.host.facts import Facts
from runtime.config.settings import Settings


def derived_internal_domain(domain: str) -> str:
    """Return the internal domain of a domain."""
    return f"internal.{domain}"


@dataclass(frozen=True)
class QuestionContext:
    """The inputs of a question: the host, the present settings if there are any, and the answers so far."""

    facts: Facts
    present: Settings | None
    answers: FlatSettings

    def value(self, *path: str) -> SettingsValue:
        """Return an answer so far; None if there is none."""
        return self.answers.get(path)

    def text(self, *path: str) -> str:
        """Return an answer so far as text; empty if there is none."""
        found = self.answers.get(path)
        return "" if found is None else str(found)

    def is_off(self, section: str) -> bool:
        """Return whether a section is switched off by the answers so far."""
        return self.answers.get((section,)) is OFF

    @property
    def before(self) -> FlatSettings:
        """Return the present settings, one by one; empty on the first run."""
        return flat_settings.of_settings(self.present) if self.present else {}


@dataclass(frozen=True)
class AnswerChoice:
    """One answer to choose: `text` is shown for `value`. The value OFF switches the question's section off."""

    value: SettingsValue
    text: str


@dataclass(frozen=True)
class Question:
    """One question. Typed text goes through `parse`, the value through `check`; both raise ValueError.

    `needed` returns whether to ask it, given the answers so far. `implied` gives the answers to other
    keys that the value implies; a given answer has precedence.
    """

    key: SettingsPath
    text: str
    default: Callable[[QuestionContext], SettingsValue]
    parse: Callable[[str], SettingsValue]
    choices: Callable[[QuestionContext], tuple[AnswerChoice, ...]] | None = None
    check: Callable[[QuestionContext, SettingsValue], None] = lambda _context, _value: None
    needed: Callable[[QuestionContext], bool] = lambda _context: True
    implied: Callable[[QuestionContext, SettingsValue], FlatSettings] = lambda _context, _value: {}

    def applies(self, context: QuestionContext) -> bool:
        """Return whether to ask it: its section is on, and the answers so far need it."""
        return not flat_settings.is_off(context.answers, self.key) and self.needed(context)

    def offered(self, context: QuestionContext) -> SettingsValue:
        """Return the suggested answer: the present setting, else one that fits the host. None without any."""
        if self.choices and self._was_off(context):
            return OFF
        return context.before.get(self.key, None) if self._keeps(context) else self.default(context)

    def _was_off(self, context: QuestionContext) -> bool:
        """Return whether the section is off at present, and no answer has switched it on."""
        section = self.key[:-1]
        return section in context.before and not any(path[: len(section)] == section for path in context.answers)

    def _keeps(self, context: QuestionContext) -> bool:
        if self.key not in context.before:
            return False
        # An internal domain that was derived from the domain stays derived.
        is_derived = self.key == ("internal", "domain") and context.present is not None
        return not (
            is_derived
            and context.present
            and context.present.internal_domain == derived_internal_domain(context.present.domain)
        )
