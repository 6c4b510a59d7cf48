"""Template and model -> the text of a proxy's configuration. Pure; the only user of Jinja2."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING

from runtime.base import control_characters
from runtime.base.errors import ShoestringError
from runtime.proxy.model import ProxyModel

if TYPE_CHECKING:
    from jinja2 import Environment

# HAProxy answers from a buffer of 16,384 bytes, headers and reserve included. What is larger passes its check
# and then answers 500.
STRING_LIMIT_BYTES = 14_000
WILDCARD = "*."
# HAProxy's manual, section 2.2: what has a meaning inside double quotes.
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n"})


class TemplateError(ShoestringError):
    """A user's template cannot be rendered. `line` counts from 1; 0 if it is not known."""

    def __init__(self, name: str, line: int, what: str) -> None:
        self.name = name
        self.line = line
        self.what = what
        place = f"{name}:{line}" if line else name
        super().__init__(f"{place}: {what}. Repair the template; the last good configuration stays in force.")


def render(template: str, model: ProxyModel, name: str = "haproxy.cfg.j2") -> str:
    """Render a proxy's template with its model; `name` is the template's name in errors.

    The template sees the fields of ProxyModel and the filters `exact`, `parents`, `check_host`, `quoted` and
    `fitting`, see docs/proxy.md. Raises TemplateError for all that is wrong in the template, and
    ShoestringError if a value of the model could add lines to the configuration.
    """
    from jinja2 import TemplateError as JinjaError

    control_characters.refuse(model, "proxy")
    environment = _environment()
    context = {field.name: getattr(model, field.name) for field in fields(model)}
    try:
        text = environment.from_string(template).render(context)
    # A template can raise what any expression can: 1 / 0, a string and a number added, a missing argument.
    except (JinjaError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise TemplateError(name, _line(error), _what(error)) from error
    _refuse_control_characters_in_output(text, name)
    return text


def _refuse_control_characters_in_output(text: str, name: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if any(not (character.isprintable() or character == "\t") for character in line):
            raise TemplateError(name, 0, f"line {number} of its output has a control character: {line[:80]!r}")


def exact(host_names: Iterable[str]) -> list[str]:
    """Return the host names without a wildcard."""
    return [name for name in host_names if not name.startswith(WILDCARD)]


def parents(host_names: Iterable[str]) -> list[str]:
    """Return the `example.com` of each `*.example.com`."""
    return [name.removeprefix(WILDCARD) for name in host_names if name.startswith(WILDCARD)]


def check_host(host_names: Iterable[str]) -> str:
    """Return the host name that a health check asks for: the first exact one, else one that a wildcard covers."""
    listed = list(host_names)
    return next(iter(exact(listed)), "") or next((f"health.{parent}" for parent in parents(listed)), "localhost")


def quoted(text: str) -> str:
    """Return a text as one HAProxy string, in double quotes. Raises ValueError if HAProxy could not serve it."""
    size = len(text.encode())
    if size > STRING_LIMIT_BYTES:
        raise ValueError(f"a text of {size:,} bytes is more than the {STRING_LIMIT_BYTES:,} that HAProxy can answer")
    return f'"{text.translate(_ESCAPES)}"'


def fitting(items: Iterable[object], row: Callable[[object], str], budget: int) -> list[object]:
    """Return the first of `items` whose rows, each made by the macro `row`, are at most `budget` bytes together."""
    fit = []
    used = 0
    for item in items:
        used += len(str(row(item)).encode())
        if used > budget:
            break
        fit.append(item)
    return fit


def _environment() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Sandboxed: a template that came with someone's data directory computes text, and does nothing else.
    # Not HTML: what goes into a page is escaped there, with |e.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    for function in (exact, parents, check_host, quoted, fitting):
        environment.filters[function.__name__] = function
    return environment


def _line(error: BaseException) -> int:
    """Return the template's line: Jinja2 rewrites a traceback so that its frames have the template's lines."""
    line = int(getattr(error, "lineno", 0) or 0)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _what(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
