"""Image references and tags."""

from __future__ import annotations

import pytest

from installer.images.references import checked, repository, with_tag
from runtime.base.errors import UsageError

DIGEST = "@sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ghost", "ghost:6"),
        ("ghost:5.96-alpine", "ghost:6"),
        (f"ghost:5{DIGEST}", "ghost:6"),
        (f"ghost{DIGEST}", "ghost:6"),
        ("registry:5000/team/shop", "registry:5000/team/shop:6"),
        ("registry:5000/team/shop:1", "registry:5000/team/shop:6"),
        (f"registry:5000/shop:1{DIGEST}", "registry:5000/shop:6"),
        ("localhost/a/b:1", "localhost/a/b:6"),
    ],
)
def test_with_tag_replaces_tag_and_digest(before: str, after: str) -> None:
    assert with_tag(before, "6") == after
    assert repository(before) == after.removesuffix(":6")


@pytest.mark.parametrize("tag", ["", "a b", "-1", ".1", "a:b", "a/b", "x" * 129, "é"])
def test_with_tag_refuses_invalid_tag(tag: str) -> None:
    with pytest.raises(UsageError, match="is not a tag"):
        with_tag("ghost", tag)


def test_with_tag_suggests_image_option() -> None:
    with pytest.raises(UsageError, match="with: --image ghost:6"):
        with_tag("ghost", "ghost:6")


@pytest.mark.parametrize(
    "image", ["ghost", "ghost:6", f"ghost{DIGEST}", "Registry.example.com:5000/a__b/c-d:V1.0", "localhost/x:latest"]
)
def test_checked_accepts_image(image: str) -> None:
    assert checked(image) == image


@pytest.mark.parametrize(
    "image", ["", "Ghost", "ghost:", "ghost: 6", "a//b", "ghost@sha256:12", "${X}", "a\nb", "-a"]
)
def test_checked_refuses_invalid_image(image: str) -> None:
    with pytest.raises(UsageError, match="is not an image"):
        checked(image)
