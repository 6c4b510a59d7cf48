"""What a question of setup is: key, text, default, choices and check. The questions are in questions.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from installer.data_directory import flat_settings
from installer.data_directory.flat_settings import OFF, Leaves
from installer.host.facts import Facts
from runtime.base.yaml_documents import KeyPath
from runtime.config.settings import Settings


def derived_internal_domain(domain: object) -> str:
    """The internal domain that follows from the domain."""
    return f"internal.{domain}"


@dataclass(frozen=True)
class Context:
    """What a question may look at: the host, the present settings if there are any, the answers so far."""

    facts: Facts
    present: Settings | None
    answers: Leaves

    def value(self, *path: str) -> object:
        """An answer that was given already; None if there is none."""
        return self.answers.get(path)

    @property
    def before(self) -> Leaves:
        """The present settings, one by one; empty on the first run."""
        return flat_settings.of_settings(self.present) if self.present else {}


@dataclass(frozen=True)
class Choice:
    """One answer to choose: `text` is shown for `value`. The value OFF switches the question's section off."""

    value: object
    text: str


@dataclass(frozen=True)
class Question:
    """One question. Typed text goes through `parse`, the value through `check`; both raise ValueError.

    `needed` says whether it has a meaning, by the answers to those before it. `follows` gives the answers to other
    keys that follow from the value; one that is given stays as it is.
    """

    key: KeyPath
    text: str
    default: Callable[[Context], object]
    parse: Callable[[str], object]
    choices: Callable[[Context], tuple[Choice, ...]] | None = None
    check: Callable[[Context, object], None] = lambda _context, _value: None
    needed: Callable[[Context], bool] = lambda _context: True
    follows: Callable[[Context, object], Leaves] = lambda _context, _value: {}

    def applies(self, context: Context) -> bool:
        """Whether there is anything to ask: not below a section that is off, and not what has no meaning."""
        return not flat_settings.is_off(context.answers, self.key) and self.needed(context)

    def offered(self, context: Context) -> object:
        """What is offered as the answer: the present setting, else what fits the host. None if nothing does."""
        if self.choices and self._was_off(context):
            return OFF
        return context.before.get(self.key, None) if self._keeps(context) else self.default(context)

    def _was_off(self, context: Context) -> bool:
        """Whether the section is off at present, and no answer has switched it on."""
        section = self.key[:-1]
        return section in context.before and not any(path[: len(section)] == section for path in context.answers)

    def _keeps(self, context: Context) -> bool:
        if self.key not in context.before:
            return False
        # An internal domain that followed from the domain goes on following it.
        follows = self.key == ("internal", "domain") and context.present is not None
        return not (
            follows
            and context.present
            and context.present.internal_domain == derived_internal_domain(context.present.domain)
        )
