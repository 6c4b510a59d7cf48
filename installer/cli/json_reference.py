"""Makes docs/json.md from the types of results: key, type and meaning of each field."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from installer.cli.json_sections import SECTIONS, JsonAnswer, JsonSection
from runtime.base.errors import ExitCode
from runtime.context.results import Code
from runtime.output.encoder import JSON_VERSION, key_of
from runtime.output.json_error import ErrorJson
from runtime.output.json_results import AppliedEntry, ChangeEntry, FindingEntry, ProblemEntry
from runtime.output.json_status import CertificateEntry

MADE = "<!-- Made by `python -m installer.cli.reference`; a test compares it. -->"
INTRODUCTION = f"""# JSON answers

Commands with `--json` print one JSON object to standard output. It has `version`, which is {JSON_VERSION}. Keys may
be added without a new version; a key that is removed or changes its meaning makes a new one. Nobody is asked, and
progress is not printed.

| exit code | meaning |
| --- | --- |
| {ExitCode.DONE:d} | done, or nothing to do |
| {ExitCode.FAILED:d} | it failed, or a file is invalid |
| {ExitCode.USAGE:d} | wrong usage or settings |
| {ExitCode.LOCKED:d} | another command holds the lock |

`plan` and `status` end with {ExitCode.DONE:d} whenever they could read the state; `ok` and `problems` have the
result. Sentences (`message`, `advice`, `error`, `notes` and the like) may change; compare codes, kinds and states."""
# Objects that many answers have: each has a section of its own.
SHARED: Mapping[type, str] = {
    FindingEntry: "Finding",
    ProblemEntry: "Problem",
    ChangeEntry: "Change",
    AppliedEntry: "Applied change",
    CertificateEntry: "Certificate",
}
# The stable names of changes; a test compares them with the classes.
KINDS: Mapping[str, str] = {
    "create-network": "a network of Docker is created",
    "remove-network": "a network that nothing uses is removed",
    "remove-duplicate-networks": "all but one of the networks with the same name are removed",
    "apply": "the containers of an application, or of the core, are created as in its file",
    "restart": "a container that hangs or is unhealthy is restarted",
    "remove": "the containers of an application without a file are removed",
    "install-proxy": "a proxy gets a new configuration",
    "install-dns": "the DNS server gets new names",
    "install-firewall": "the rules of the firewall are loaded or removed",
    "install-isolation": "the rules that keep neighbors from containers are loaded",
    "remove-isolation": "the rules that keep neighbors from containers are removed",
    "issue-certificate": "a certificate is requested and installed",
    "load-certificates": "a proxy loads the certificates in its folder",
    "archive-certificate": "a certificate that expired and is no longer needed is moved away",
}
_TYPES: dict[Any, str] = {int: "number", float: "number", str: "text", bool: "true or false", datetime: "text"}


def page() -> str:
    """Return the page of all answers."""
    parts = [MADE, INTRODUCTION, *map(_section, SECTIONS), "## Errors", *_errors()]
    for kind, title in SHARED.items():
        parts += [f"## {title}", _about(kind), table(kind)]
    parts += ["## Kinds of changes", _names("kind", KINDS.items())]
    parts += ["## Codes", _names("code", ((code.value, code.about) for code in Code))]
    return "\n\n".join(parts) + "\n"


def _section(section: JsonSection) -> str:
    parts = [f"## {', '.join(section.commands)}"]
    for answer in section.answers:
        parts += _answer(answer, _homes(section))
    return "\n\n".join(parts)


def _homes(until: JsonSection) -> Mapping[type, JsonSection]:
    """Return the sections before one, by the types that they describe."""
    found: dict[type, JsonSection] = {}
    for section in SECTIONS[: SECTIONS.index(until)]:
        for answer in section.answers:
            found.setdefault(answer.kind, section)
    return found


def _answer(answer: JsonAnswer, homes: Mapping[type, JsonSection]) -> Iterator[str]:
    about = _about(answer.kind)
    yield f"{answer.when}: {about[0].lower()}{about[1:]}" if answer.when else about
    if answer.kind in homes:
        yield f"The keys are those of {_link(homes[answer.kind])}."
        return
    base = next((each for each in answer.kind.__mro__ if each in homes), None)
    if base:
        yield f"It has the keys of {_link(homes[base])}, and:"
    yield table(answer.kind, base)


def _link(section: JsonSection) -> str:
    return f"[{section.commands[0]}](#{'-'.join(section.commands).replace(' ', '-')})"


def _errors() -> Iterator[str]:
    yield (
        "An error that ends a command is a sentence on standard error, and the exit code. With `--json` it is an "
        "object on standard output too. An unknown option or argument is reported on standard error only."
    )
    yield table(ErrorJson)


def _about(kind: type) -> str:
    """Return the first paragraph of a type's docstring."""
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _names(title: str, names: Iterable[tuple[str, str]]) -> str:
    rows = "\n".join(f"| `{name}` | {about} |" for name, about in names)
    return f"| {title} | meaning |\n| --- | --- |\n{rows}"


def table(kind: type, base: type | None = None) -> str:
    """Return the table of the fields of a type, without those of a `base` that is described elsewhere."""
    rows = "\n".join(f"| {key} | {what} | {meaning} |" for key, what, meaning in _rows(kind, "", base))
    return f"| key | type | meaning |\n| --- | --- | --- |\n{rows}"


def _rows(kind: type, prefix: str, base: Any = None) -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(kind, include_extras=True)
    inherited = {item.name for item in fields(base)} if base else set()
    for item in (each for each in fields(kind) if each.name not in inherited):
        hint, meaning = _annotated(hints[item.name])
        inner, many, may_be_null = _unwrapped(hint)
        nested = inner if is_dataclass(inner) and isinstance(inner, type) and inner not in SHARED else None
        key = key_of(item.name)
        what = "object" if nested else _type_name(inner)
        yield f"`{prefix}{key}{'[]' if many else ''}`", f"{what} or null" if may_be_null else what, meaning
        if nested:
            # The first level has a dot; below it, names are whole.
            yield from _rows(nested, f"{prefix}{key}." if prefix else ".")


def _annotated(hint: Any) -> tuple[Any, str]:
    if get_origin(hint) is Annotated:
        inner, meaning = get_args(hint)
        return inner, str(meaning)
    return hint, ""


def _unwrapped(hint: Any) -> tuple[Any, bool, bool]:
    """Return the type of a value, whether there are many of them, and whether it may be null."""
    choices = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    inner = next(each for each in choices if each is not type(None))
    may_be_null = type(None) in choices
    if get_origin(inner) is not tuple:
        return inner, False, may_be_null
    each, _, element_may_be_null = _unwrapped(get_args(inner)[0])
    return each, True, may_be_null or element_may_be_null


def _type_name(kind: Any) -> str:
    if kind in SHARED:
        return f"[{SHARED[kind].lower()}](#{SHARED[kind].lower().replace(' ', '-')})"
    if get_origin(kind) is Mapping:
        return "object of text"
    if kind is Code:
        return "text"
    if issubclass(kind, Enum):
        return ", ".join(f"`{each.value}`" for each in kind)
    return "text" if issubclass(kind, PurePath) else _TYPES[kind]
