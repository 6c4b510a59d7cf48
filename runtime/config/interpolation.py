"""Variables in the values of a Compose file, by Compose's own rules. Pure.

Source: the Compose specification, "Interpolation"; where it is silent, what `docker compose config` does
(tests/engine/test_interpolation.py compares the two).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A "$$" is matched first, so that "$${X}" names no variable.
_REFERENCE = re.compile(rf"\$(?:\$|\{{?({NAME.pattern}))")
_BRACED = re.compile(rf"(?P<name>{NAME.pattern})(?:(?P<operator>:?[-?+])(?P<argument>.*))?", re.DOTALL)


class InterpolationError(ValueError):
    """A text that Compose refuses: a form that is none, or a required variable without a value."""


@dataclass(frozen=True)
class _Variable:
    """`${name}`, or `${name operator argument}`; the argument may have variables itself."""

    name: str
    operator: str = ""
    argument: str = ""


def names(text: str) -> tuple[str, ...]:
    """Return the variables that a text names, those in defaults and replacements included."""
    return tuple(dict.fromkeys(match[1] for match in _REFERENCE.finditer(text) if match[1]))


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Return the text with its variables replaced; one without a value and a default is empty, as in Compose.

    Raises InterpolationError.
    """
    return "".join(_value(part, variables) for part in _parts(text))


def interpolate_known(text: str, variables: Mapping[str, str]) -> str | None:
    """Return the text with its variables replaced; None where Compose would refuse it or warn of an unset one."""
    try:
        if any(_is_unset(part, variables) for part in _parts(text)):
            return None
        return interpolate(text, variables)
    except InterpolationError:
        return None


def _parts(text: str) -> Iterator[str | _Variable]:
    position = 0
    while (start := text.find("$", position)) >= 0:
        yield text[position:start]
        if text.startswith("${", start):
            position = _closing_brace(text, start + 1) + 1
            match = _BRACED.fullmatch(text[start + 2 : max(position - 1, 0)])
            if not match:
                raise InterpolationError(f"{text!r} has a ${{ that begins no variable; write $$ for a dollar sign")
            yield _Variable(match["name"], match["operator"] or "", match["argument"] or "")
        elif match := NAME.match(text, start + 1):
            yield _Variable(match[0])
            position = match.end()
        else:
            # "$$" is one dollar sign, and so is one that begins nothing.
            yield "$"
            position = start + (2 if text.startswith("$$", start) else 1)
    yield text[position:]


def _closing_brace(text: str, opening: int) -> int:
    """Return where the brace is closed: by its pair, else by the last one there is; -1 without any."""
    depth = 0
    for index in range(opening, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if not depth:
            return index
    return text.rfind("}", opening)


def _value(part: str | _Variable, variables: Mapping[str, str]) -> str:
    if isinstance(part, str):
        return part
    value = variables.get(part.name)
    # With a colon, an empty value counts as none.
    is_set = value is not None and not (part.operator.startswith(":") and not value)
    if part.operator.endswith("?"):
        if not is_set:
            raise InterpolationError(f"required variable {part.name} is missing a value")
        return value or ""
    # Compose reads the argument in any case, so that a fault in it is found.
    argument = interpolate(part.argument, variables)
    if part.operator.endswith("+"):
        return argument if is_set else ""
    return value or "" if is_set else argument


def _is_unset(part: str | _Variable, variables: Mapping[str, str]) -> bool:
    """Return whether Compose warns of a variable, and takes it as empty."""
    if isinstance(part, str):
        return False
    if not part.operator:
        return part.name not in variables
    return not part.operator.endswith("?") and any(_is_unset(each, variables) for each in _parts(part.argument))
