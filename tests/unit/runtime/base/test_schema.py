"""Declared dataclasses: reading, checks and suggestions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from runtime.base import schema, yaml_documents
from runtime.base.schema import Check


@dataclass(frozen=True)
class Wheel:
    size: int = schema.key("its size", check=schema.whole_number(1, 30), default=20)


@dataclass(frozen=True)
class Car:
    name: str = schema.key("its name", check=schema.one_of("red", "green"))
    wheel: Wheel = schema.section("each wheel", Wheel)
    spare: Wheel | None = schema.section("the spare wheel", Wheel)


def read(text: str) -> tuple[Car | None, list[tuple[str, int | None]]]:
    car, problems = schema.read(Car, yaml_documents.parse(Path("car.yaml"), text))
    return car, [(each.key, each.line) for each in problems]


def test_read_with_defaults_and_sections() -> None:
    assert read("name: red\n") == (Car(name="red"), [])
    assert read("name: red\nwheel: {size: 3}\nspare: off\n") == (Car(name="red", wheel=Wheel(size=3), spare=None), [])


def test_read_reports_all_problems_with_keys_and_lines() -> None:
    car, problems = read("named: red\nwheel:\n  size: 99\n  rim: 1\nspare: 5\n")
    assert car is None
    assert sorted(problems) == [("name", 0), ("named", 1), ("spare", 5), ("wheel.rim", 4), ("wheel.size", 3)]


@pytest.mark.parametrize("text", ["name: red\nwheel: off\n", "- name\n"])
def test_read_refuses_other_values(text: str) -> None:
    if text.startswith("-"):
        with pytest.raises(yaml_documents.DocumentError):
            read(text)
    else:
        assert read(text) == (None, [("wheel", 2)])


def test_section_type_of_fields() -> None:
    found = {item.name: schema.section_type(Car, item) for item in fields(Car)}
    assert found == {"name": (None, False), "wheel": (Wheel, False), "spare": (Wheel, True)}


@pytest.mark.parametrize(
    ("check", "value", "normal"),
    [
        (schema.one_of("a", "b"), "b", "b"),
        (schema.switch, "on", True),
        (schema.switch, False, False),
        (schema.whole_number(1, 3), 3, 3),
        (schema.list_of(schema.switch), ["on", False], (True, False)),
    ],
)
def test_checks_return_normal_form(check: Check, value: object, normal: Any) -> None:
    assert check(value) == normal


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (schema.one_of("a", "b"), "c"),
        (schema.switch, "maybe"),
        (schema.whole_number(1, 3), 4),
        (schema.whole_number(0, 3), True),
        (schema.list_of(schema.switch), "on"),
        (schema.list_of(schema.switch), ["on", True]),
    ],
)
def test_checks_refuse(check: Check, value: object) -> None:
    with pytest.raises(ValueError, match="is not|is neither|duplicate"):
        check(value)


def test_suggestion_of_nearest_word() -> None:
    assert schema.suggestion("severs", ("server", "ports"), "acme.").endswith("acme.server?")
    assert schema.suggestion("zzz", ("server", "ports")) == ""
