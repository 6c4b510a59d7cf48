"""Asks the questions of setup in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from installer.data_directory.flat_settings import SettingsValue
from installer.services.offer import ServiceOffer
from installer.setup import preflight
from installer.setup.question import Question, QuestionContext
from installer.terminal import prompts
from installer.terminal.progress import wrapped
from runtime.base.paths import Paths


def ask(question: Question, context: QuestionContext) -> SettingsValue:
    """Ask one question and return its value, checked. Raises StoppedError."""
    return _choose(question, context) if question.choices else _type(question, context)


def ask_data_directory(default: Path) -> Path:
    """Ask where the data directory shall be, or is. Raises StoppedError."""

    def problem(text: str) -> str:
        if not text.startswith("/"):
            return "Enter an absolute path, such as /srv/shoestring."
        paths = Paths(Path(text).resolve())
        return preflight.directory_problem(paths, preflight.directory_state(paths))

    text = prompts.text("Directory for configuration and data", str(default), problem)
    return Path(text).resolve()


def ask_services(
    offers: tuple[ServiceOffer, ...], problem: Callable[[Iterable[str]], str], option: str
) -> tuple[str, ...]:
    """Ask for the services to add, until they fit. Returns names of new ones and of those that stay selected.

    Services that exist already are never removed by this; `option` is the option by which the command that removes
    them finds this data directory. Raises StoppedError.
    """
    widths = max(len(each.title) for each in offers), max(len(str(each.memory)) for each in offers)
    ticks = [
        prompts.Tick(_offer_line(each, *widths), each.title, each.ticked, "" if each.possible else each.remark)
        for each in offers
    ]
    while True:
        chosen = prompts.tick("Internal services  (space selects)", ticks)
        ticks = [replace(each, ticked=number in chosen) for number, each in enumerate(ticks)]
        names = tuple(each.name for number in chosen for each in offers[number].services)
        wrong = problem(names)
        if not wrong:
            break
        print(wrapped(wrong, "  "))
    for number, each in enumerate(offers):
        if each.there and number not in chosen:
            command = f"shoestring service remove {' '.join(service.name for service in each.services)}{option}"
            print(wrapped(f"{each.title} stays. To remove it: {command}", "  "))
    return names


def _offer_line(offer: ServiceOffer, title: int, memory: int) -> str:
    about = offer.services[0].about if offer.possible else ""
    line = f"{offer.title:<{title}}  {offer.memory:>{memory}} MB  {about}".rstrip()
    return line + (f"  ({offer.remark})" if offer.remark and offer.possible else "")


def _type(question: Question, context: QuestionContext) -> SettingsValue:
    def problem(text: str) -> str:
        try:
            question.check(context, question.parse(text))
        except ValueError as error:
            return str(error)
        return ""

    offered = question.offered(context)
    text = prompts.text(question.text, "" if offered is None else str(offered), problem)
    return question.parse(text)


def _choose(question: Question, context: QuestionContext) -> SettingsValue:
    choices = question.choices(context) if question.choices else ()
    offered = question.offered(context)
    default = next((number for number, choice in enumerate(choices) if choice.value == offered), None)
    return choices[prompts.select(question.text, [choice.text for choice in choices], default)].value
