"""The general questions at a terminal; the only user of questionary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import questionary
from questionary import Style

from installer.terminal.progress import wrapped
from runtime.base.errors import ShoestringError

# Answers begin in the same column.
TEXT_WIDTH = 42
# Only the line where the user is stands out.
STYLE = Style(
    [
        ("qmark", ""),
        ("question", ""),
        ("answer", "bold"),
        ("pointer", "bold"),
        ("highlighted", "bold"),
        ("selected", "noreverse"),
        ("text", ""),
        ("instruction", ""),
    ]
)
POINTER = "›"  # noqa: RUF001 - as the other prompts of its kind have it


class StoppedError(ShoestringError):
    """The user stopped (Ctrl-C) before anything was written."""


@dataclass(frozen=True)
class Tick:
    """A line with a box to tick; `title` is shown for it afterwards. `disabled`: why it cannot be ticked."""

    text: str
    title: str
    ticked: bool = False
    disabled: str = ""


def confirm(question: str) -> bool:
    """Ask for a yes or a no. Raises StoppedError."""
    return bool(_answer(questionary.confirm(_padded(question), style=STYLE)))


def text(question: str, default: str, problem: Callable[[str], str]) -> str:
    """Ask for text until `problem` returns none. Raises StoppedError."""
    # questionary's own messages have one line, and the end of a longer one would be cut off.
    while True:
        typed = str(_answer(questionary.text(_padded(question), default=default, style=STYLE))).strip()
        wrong = problem(typed)
        if not wrong:
            return typed
        print(wrapped(wrong, "  "))


def select(question: str, choices: Sequence[str], default: int | None) -> int:
    """Ask for one of the choices; returns its number, counted from 0. Raises StoppedError."""
    # By number: a value may be False, which questionary takes for no value.
    numbered = [questionary.Choice(choice, value=str(number)) for number, choice in enumerate(choices)]
    start = None if default is None else numbered[default]
    prompt = questionary.select(
        _padded(question), numbered, default=start, pointer=POINTER, instruction=" ", style=STYLE
    )
    return int(str(_answer(prompt)))


def tick(question: str, ticks: Sequence[Tick]) -> tuple[int, ...]:
    """Ask which lines to tick; returns their numbers in order, counted from 0. Raises StoppedError."""
    choices = [
        questionary.Choice(each.text, value=str(number), checked=each.ticked, disabled=each.disabled or None)
        for number, each in enumerate(ticks)
    ]
    padded = _padded(question)
    answer = _answer(
        questionary.checkbox(padded, choices, pointer=POINTER, instruction=" ", style=STYLE, erase_when_done=True)
    )
    chosen = tuple(sorted(int(number) for number in answer)) if isinstance(answer, list) else ()
    # questionary itself would only print how many.
    print(f"? {padded} ", end="", flush=True)
    questionary.print(", ".join(ticks[number].title for number in chosen) or "none", style="bold")
    return chosen


def _answer(prompt: questionary.Question) -> object:
    try:
        return prompt.unsafe_ask()
    except (KeyboardInterrupt, EOFError):
        raise StoppedError("Stopped; nothing was written.") from None


def _padded(question: str) -> str:
    return question.ljust(TEXT_WIDTH)
