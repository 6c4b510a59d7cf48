from __future__ import annotations

import pytest

from runtime.config import interpolation
from tests.support.builders.interpolation import FORMS, VARIABLES


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_interpolate(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(interpolation.InterpolationError):
            interpolation.interpolate(text, VARIABLES)
    else:
        assert interpolation.interpolate(text, VARIABLES) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A/${EMPTY}", "va/"),
        ("${UNSET:-d}", "d"),
        ("${UNSET:+r}", ""),
        ("$UNSET", None),
        ("${A:-$UNSET}", None),
        ("${UNSET:?e}", None),
        ("${", None),
    ],
)
def test_interpolate_known(text: str, expected: str | None) -> None:
    assert interpolation.interpolate_known(text, VARIABLES) == expected


def test_names_of_variables() -> None:
    assert interpolation.names("$A ${B:-${C}} $$D $${E} ${A:?e} $1 ${") == ("A", "B", "C")
