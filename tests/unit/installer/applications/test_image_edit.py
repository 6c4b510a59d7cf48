"""Changing the image of one service in the text of a file, and no other character."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.applications.image_edit import CannotEditError, set_image

FILE = Path("blog.yaml")


def edit(text: str, image: str = "ghost:6", service: str = "application") -> str:
    return set_image(FILE, text, service, image)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("services:\n  application:\n    image: ghost:5\n", "ghost:6"),
        ("services:\n  application:\n    image:    ghost:5   # pinned: see #12\n    a: 1\n", "ghost:6"),
        ("services:\n  application:\n    image: 'ghost:5'  # 'quoted'\n", "ghost:6"),
        ('services:\n  application:\n    "image" : "ghost:5"\n', "ghost:6"),
        ("services: {application: {image: ghost:5, restart: always}} # flow\n", "ghost:6"),
        ("services: {application: {'image':'ghost:5'}}", "ghost:6"),
        ("services:\n  application:\n    image:\n      ghost:5\n    restart: always\n", "ghost:6"),
        ("services:\n  application: {image: ghost:5}", "ghost:6"),
        ("\ufeffservices:\n  application:\n    image: ghost:5\n", "ghost:6"),
        ("# ghost:5\nx-é: 'ü ghost:5'\nservices:\n  application:\n    image: ghost:5\n    x-ghost: 1\n", "ghost:6"),
        ("services:\n  other:\n    image: ghost:5\n  application:\n    image: ghost:5\n", "ghost:6"),
        ("services:\n  application:\n    command: [a]\n    image: ghost:5", "ghost:6"),
        ("---\nservices:\n  application:\n    image: ghost:5\n...\n", "ghost:6"),
        ("services:\n    application:\n        image: ghost@sha256:" + "a" * 64 + "\n", "ghost:6"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_set_image_changes_only_the_image(before: str, after: str, newline: str) -> None:
    before = before.replace("\n", newline)
    edited = edit(before)
    old = "ghost@sha256:" + "a" * 64 if "@" in before else "ghost:5"
    head, _, tail = _at_image(before, old)
    assert edited == head + after + tail


def _at_image(text: str, image: str) -> tuple[str, str, str]:
    """Return the text around the image of the service `application`."""
    place = text.index(image, text.index("image", text.index("application:")))
    return text[:place], image, text[place + len(image) :]


def test_set_image_quotes_what_yaml_reads_as_number() -> None:
    assert edit("services: {application: {image: ghost}}", "12:30") == ("services: {application: {image: '12:30'}}")


def test_set_image_of_another_service() -> None:
    text = "services:\n  application: {image: a:1}\n  data:\n    image: 'b:1'\n"
    assert edit(text, "b:2", "data") == text.replace("b:1", "b:2")


BASE = "x-base: &base\n  image: ghost:5\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "services: {application: {image: 'ghost:${TAG}'}}",
            "has a variable in it; change its value in conf/secrets",
        ),
        ("services: {application: {image: $IMAGE}}", "has a variable in it"),
        ("x-i: &i ghost:5\nservices: {application: {image: *i}}", "is in another part of the file"),
        ("services: {application: {image: &i ghost:5}, worker: {image: *i}}", "has an anchor"),
        ("services: {application: {image: !!str ghost:5}}", "has an anchor .* or a tag"),
        (f"{BASE}services:\n  application: *base\n", "is in another part of the file"),
        (f"{BASE}services:\n  application:\n    <<: *base\n", "comes from another part of the file"),
        ("x-s: &s {application: {image: a}}\nservices: *s\n", "is in another part of the file"),
        (
            "services:\n  application: &a\n    image: a:1\n  worker: *a\n",
            "cannot be changed without changing something",
        ),
        ("services:\n  application:\n    image: >-\n      ghost:5\n", "not a plain or quoted text"),
        ('services:\n  application:\n    image: "ghost\\\n      :5"\n', "is on several lines"),
        ("services: {application: {image: [a]}}", "not a plain or quoted text"),
        ("services: {application: {build: .}}", "is missing; the service is built"),
        ("services: {other: {image: a}}", "blog.yaml has no service application"),
    ],
)
def test_set_image_refuses(text: str, message: str) -> None:
    with pytest.raises(CannotEditError, match=message) as caught:
        edit(text)
    assert "\n" not in str(caught.value)
    if "no service" not in message:
        assert str(caught.value).startswith("blog.yaml:")
        assert "then: shoestring start" in str(caught.value)


def test_set_image_of_service_with_unused_anchor() -> None:
    text = "services:\n  application: &a\n    image: a:1\n"
    assert edit(text, "a:2") == text.replace("a:1", "a:2")
