"""Asks questions in a terminal; the only user of questionary."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import questionary
from questionary import Style

from installer.services.offer import Offer
from installer.setup import preflight
from installer.setup.question import Context, Question
from installer.terminal.progress import wrapped
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths

# Answers begin in one column.
TEXT_WIDTH = 42
# Quiet: only the place where the person is stands out.
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
    """The person stopped (Ctrl-C) before anything was written."""


def ask(question: Question, context: Context) -> object:
    """Ask one question and return its value, checked. Raises StoppedError."""
    return _choose(question, context) if question.choices else _type(question, context)


def ask_data_directory(default: Path) -> Path:
    """Ask where the data directory shall be, or is. Raises StoppedError."""

    def problem(text: str) -> str:
        if not text.startswith("/"):
            return "Write the whole path, from / on."
        paths = Paths(Path(text).resolve())
        return preflight.directory_problem(paths, preflight.directory_state(paths))

    text = _prompt_text("Where should configuration and data live?", str(default), problem)
    return Path(text).resolve()


def confirm(text: str) -> bool:
    """Ask for a yes or a no. Raises StoppedError."""
    return bool(_answer(questionary.confirm(_padded(text), style=STYLE)))


def ask_services(offers: tuple[Offer, ...], problem: Callable[[Iterable[str]], str], option: str) -> tuple[str, ...]:
    """Ask which services are wanted, until they fit. Returns names of new ones and of those that stay ticked.

    One that is here already is never removed by this; `option` is what the command that does that needs to find this
    data directory. Raises StoppedError.
    """
    widths = max(len(each.title) for each in offers), max(len(str(each.memory)) for each in offers)
    ticked = {number for number, each in enumerate(offers) if each.ticked}
    while True:
        choices = [
            questionary.Choice(
                _offer_line(each, *widths),
                value=str(number),
                checked=number in ticked,
                disabled=None if each.possible else each.remark,
            )
            for number, each in enumerate(offers)
        ]
        text = _padded("Internal services  (space selects)")
        answer = _answer(
            questionary.checkbox(text, choices, pointer=POINTER, instruction=" ", style=STYLE, erase_when_done=True)
        )
        ticked = {int(number) for number in answer} if isinstance(answer, list) else set()
        # questionary itself would only say how many.
        print(f"? {text} ", end="", flush=True)
        questionary.print(", ".join(offers[number].title for number in sorted(ticked)) or "none", style="bold")
        names = tuple(each.name for number in sorted(ticked) for each in offers[number].services)
        wrong = problem(names)
        if not wrong:
            break
        print(wrapped(wrong, "  "))
    for number, each in enumerate(offers):
        if each.there and number not in ticked:
            command = f"shoestring service remove {' '.join(service.name for service in each.services)}{option}"
            print(wrapped(f"{each.title} stays for now. To take it away: {command}", "  "))
    return names


def _offer_line(offer: Offer, title: int, memory: int) -> str:
    about = offer.services[0].about if offer.possible else ""
    line = f"{offer.title:<{title}}  {offer.memory:>{memory}} MB  {about}".rstrip()
    return line + (f"  ({offer.remark})" if offer.remark and offer.possible else "")


def _type(question: Question, context: Context) -> object:
    def problem(text: str) -> str:
        try:
            question.check(context, question.parse(text))
        except ValueError as error:
            return str(error)
        return ""

    offered = question.offered(context)
    text = _prompt_text(question.text, "" if offered is None else str(offered), problem)
    return question.parse(text)


def _prompt_text(text: str, default: str, problem: Callable[[str], str]) -> str:
    """Ask until there is no problem. questionary's own messages have one line, and its end would be cut off."""
    while True:
        typed = str(_answer(questionary.text(_padded(text), default=default, style=STYLE))).strip()
        wrong = problem(typed)
        if not wrong:
            return typed
        print(wrapped(wrong, "  "))


def _choose(question: Question, context: Context) -> object:
    choices = question.choices(context) if question.choices else ()
    offered = question.offered(context)
    # By number: a value may be False, which questionary takes for no value.
    numbered = [questionary.Choice(choice.text, value=str(number)) for number, choice in enumerate(choices)]
    start = next((each for each, choice in zip(numbered, choices, strict=True) if choice.value == offered), None)
    prompt = questionary.select(
        _padded(question.text), numbered, default=start, pointer=POINTER, instruction=" ", style=STYLE
    )
    return choices[int(str(_answer(prompt)))].value


def _answer(prompt: questionary.Question) -> object:
    try:
        return prompt.unsafe_ask()
    except (KeyboardInterrupt, EOFError):
        raise StoppedError("Stopped; nothing was written.") from None


def _padded(text: str) -> str:
    return text.ljust(TEXT_WIDTH)
