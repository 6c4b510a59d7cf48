"""Forms of variables and their values in Compose, compared with our code and with Compose itself."""

from __future__ import annotations

VARIABLES = {"A": "va", "EMPTY": "", "a": "lower"}
# A text and its value; None where Compose refuses the file.
FORMS: tuple[tuple[str, str | None], ...] = (
    ("plain", "plain"),
    ("$A-${A}|$a", "va-va|lower"),
    ("$A.b|$A-", "va.b|va-"),
    ("${UNSET}|$UNSET|${EMPTY}", "||"),
    ("${UNSET:-d}|${EMPTY:-d}|${EMPTY-d}|${UNSET-d}|${A:-d}|${A-d}", "d|d||d|va|va"),
    ("${A:+r}|${EMPTY:+r}|${EMPTY+r}|${UNSET+r}|${UNSET:+r}", "r||r||"),
    ("${A:?e}|${A?e}|${EMPTY?e}", "va|va|"),
    ("${UNSET:?e}", None),
    ("${UNSET?e}", None),
    ("${EMPTY:?e}", None),
    ("${UNSET:-}|${UNSET-}|${A:+}", "||"),
    ("${UNSET:-${A}}|${UNSET:-${UNSET2:-deep}}|${UNSET:-$A}|x", "va|deep|va|x"),
    ("${UNSET:-${A}-${EMPTY:-e}}|${A:+${EMPTY:-z}}", "va-e|z"),
    ("${A:-${UNSET:?e}}", None),
    ("${UNSET:+${UNSET:?e}}", None),
    ("${UNSET:-a:b}|${UNSET:-x-y}|${UNSET:-a b}", "a:b|x-y|a b"),
    ("${UNSET:-:-x}|${UNSET-:-x}|${UNSET:-?x}|${UNSET-a:?b}|${A:+a:-b}", ":-x|:-x|?x|a:?b|a:-b"),
    ("${UNSET:-a}b}|${UNSET:-{}}", "ab}|{}"),
    ("${UNSET:-{x}", "{x"),
    ("$$A|$${A}|$$$A|$$$$A", "$A|${A}|$va|$$A"),
    ("${UNSET:-$$}|${UNSET:-a$$b}|${UNSET:-$${A}}", "$|a$b|${A}"),
    ("$|a$|$1|$ A|$.", "$|a$|$1|$ A|$."),
    ("${", None),
    ("${}", None),
    ("${1}", None),
    ("${A", None),
    ("${A:}", None),
    ("${A B}", None),
    ("${A-", None),
    ("${A.b}", None),
    ("${UNSET:-a${1}b}", None),
)
