"""Answers, typed or from a file, become settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.data_directory import flat_settings
from installer.data_directory.flat_settings import OFF, FlatSettings, SettingsPath, SettingsValue
from installer.host.facts import Facts
from installer.services import catalogue
from installer.setup.question import Question, QuestionContext
from installer.setup.questions import QUESTIONS
from runtime.base import validators, yaml_documents
from runtime.base.errors import Problem, SettingsError, UsageError
from runtime.base.paths import DEFAULT_DATA_DIRECTORY
from runtime.base.schema import list_of, one_of
from runtime.base.yaml_documents import Document, DocumentError, KeyPath
from runtime.config import settings
from runtime.config.settings import Settings

DEFAULT_INSTANCE = DEFAULT_DATA_DIRECTORY.name
# A key of the answers only: afterwards a service is present if its application file is.
SERVICES = "services"

Ask = Callable[[Question, QuestionContext], SettingsValue]


@dataclass(frozen=True)
class GivenAnswers:
    """The answers that were given before any question: from a file, or none."""

    document: Document | None = None

    @property
    def values(self) -> FlatSettings:
        """Return the answers one by one as in the file, without the services, which are no settings."""
        found = flat_settings.of_mapping(self.document.value) if self.document else {}
        return {path: value for path, value in found.items() if path[0] != SERVICES}

    @property
    def services(self) -> tuple[str, ...]:
        """Return the services to add."""
        return tuple(self.document.value.get(SERVICES, ())) if self.document else ()

    def problems(self) -> tuple[Problem, ...]:
        """Return the problems of the services."""
        known = catalogue.load()
        given = self.document.value.get(SERVICES, []) if self.document else []
        try:
            list_of(one_of(*known))(given)
        except ValueError as error:
            return (self.document.problem((SERVICES,), str(error)),) if self.document else ()
        return ()


def load(file: Path) -> GivenAnswers:
    """Read an answers file: YAML with the keys of conf/shoestring.yaml. Raises SettingsError if it is not YAML."""
    try:
        return GivenAnswers(yaml_documents.load(file))
    except DocumentError as error:
        raise SettingsError(file, (error.problem,)) from error


def use_default(question: Question, context: QuestionContext) -> SettingsValue:
    """Return the suggested answer, as Enter does. Raises KeyError with the key's path if there is none."""
    value = question.offered(context)
    if value is None:
        raise KeyError(question.key)
    return value


def instance_for(root: Path) -> str:
    """Return the default name of the instance in `root`: the name of the directory.

    So two data directories on a host get two names. If it is not a valid name: the default of the settings.
    """
    try:
        return validators.instance(root.name)
    except ValueError:
        return DEFAULT_INSTANCE


def collect(
    facts: Facts,
    present: Settings | None,
    given: GivenAnswers,
    ask: Ask = use_default,
    *,
    instance: str = DEFAULT_INSTANCE,
) -> Settings:
    """Ask the questions and return settings from the answers.

    What `given` has is not asked; what no question is about stays as it is at present. `instance` is the name of
    a new one. Raises UsageError that names the answers that are missing, and SettingsError with all that is wrong.
    """
    answers: FlatSettings = {**({} if present else {("instance",): instance}), **given.values}
    missing: list[SettingsPath] = []
    for question in QUESTIONS:
        context = QuestionContext(facts, present, answers)
        if question.key in answers:
            answers = {**question.implied(context, answers[question.key]), **answers}
            continue
        if not question.applies(context):
            continue
        try:
            value = ask(question, context)
        except KeyError:
            missing.append(question.key)
            continue
        answers[question.key[:-1] if value is OFF else question.key] = value
        answers = {**question.implied(context, value), **answers}
    if missing:
        raise missing_error(tuple(missing), given)
    return _settings(_complete(answers, present), given)


def required_names() -> tuple[str, ...]:
    """Return the answers that have no default in the settings."""
    return tuple(yaml_documents.dotted(key) for key in flat_settings.required())


def missing_error(keys: tuple[SettingsPath, ...], given: GivenAnswers) -> UsageError:
    """Return the error that names the missing answers, and how to give them."""
    listed = ", ".join(yaml_documents.dotted(key) for key in keys)
    where = f"Add them to {given.document.file}." if given.document else "Give them with --answers FILE."
    return UsageError(
        f"These answers are missing and have no default: {listed}. {where} "
        "Its keys are those of conf/shoestring.yaml."
    )


def _complete(answers: FlatSettings, present: Settings | None) -> FlatSettings:
    """Add what was not asked, and leave out an internal domain that follows from the domain anyway."""
    before = flat_settings.of_settings(present) if present else {}
    # A section that is switched on or off now leaves nothing of what it was.
    kept = {
        key: value
        for key, value in before.items()
        if not any(key[: len(path)] == path or path[: len(key)] == key for path in answers)
    }
    complete: FlatSettings = {**kept, **answers}
    domain: SettingsPath = ("internal", "domain")
    if complete.get(domain) == f"internal.{complete.get(('domain',))}" != before.get(domain):
        complete[domain] = ""
    return complete


def _settings(values: FlatSettings, given: GivenAnswers) -> Settings:
    """Check the values as a settings file; problems name the answers file and its keys."""
    nested = flat_settings.nested(values)
    file = given.document.file if given.document else Path("the answers")
    lines: Mapping[KeyPath, int] = given.document.lines if given.document else {}
    problems = given.problems()
    try:
        found = settings.from_document(Document(file, "", nested, dict(lines)))
    except SettingsError as error:
        raise SettingsError(file, (*error.problems, *problems)) from None
    if problems:
        raise SettingsError(file, problems)
    return found
