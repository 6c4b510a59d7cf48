"""Rows of blocks, and numbers with their units. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from installer.metrics.figures import FigureUnit
from runtime.base.formats import count, size

# Block Elements of Unicode: one eighth to the whole.
BLOCKS = "▁▂▃▄▅▆▇█"


def blocks(values: Sequence[float | None], top: float = 0.0) -> str:
    """Return a block for each value, a blank for None. The scale is from 0 to `top`, or to the highest value."""
    highest = top or max((value for value in values if value is not None), default=0.0)
    return "".join(" " if value is None else BLOCKS[_eighth(value, highest)] for value in values)


def _eighth(value: float, highest: float) -> int:
    return min(max(round(value / highest * 7), 0), 7) if highest > 0 else 0


def amount(value: float | None, unit: FigureUnit) -> str:
    """Return a number with its unit; `-` for None."""
    if value is None:
        return "-"
    match unit:
        case FigureUnit.PERCENT:
            return f"{_short(value)} %"
        case FigureUnit.BYTES:
            return size(value)
        case FigureUnit.BYTES_PER_SECOND:
            return f"{size(value)}/s"
        case FigureUnit.PER_SECOND:
            return f"{_short(value)}/s"
        case FigureUnit.MILLISECONDS:
            return f"{_short(value / 1000)} s" if value >= 1000 else f"{_short(value)} ms"
        case FigureUnit.DAYS:
            return count(round(value), "day")
        case _:
            return _short(value)


def _short(value: float) -> str:
    """Return a number with two digits, and no zeros at the end."""
    if abs(value) >= 10:
        return f"{value:.0f}"
    text = f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def clip(text: str, width: int) -> str:
    """Return at most `width` characters of a text, with `…` in place of its middle."""
    if len(text) <= width:
        return text
    left = width // 2
    right = width - left - 1
    return f"{text[:left]}…{text[len(text) - right :] if right > 0 else ''}" if width > 1 else "…"
