"""Image references: parts, another tag, validation. Pure."""

from __future__ import annotations

import re

from runtime.base.errors import UsageError

# https://docs.docker.com/reference/cli/docker/image/tag/ and the distribution specification's grammar.
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_COMPONENT}(?:/{_COMPONENT})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


def repository(reference: str) -> str:
    """Return a reference without tag and digest; the port of a registry is no tag."""
    name = reference.partition("@")[0]
    directory, slash, last = name.rpartition("/")
    return directory + slash + last.partition(":")[0]


def with_tag(reference: str, tag: str) -> str:
    """Return the repository with another tag and without a digest. Raises UsageError for an invalid tag."""
    if not _TAG.fullmatch(tag):
        hint = f" Deploy another image with: --image {tag}" if _REFERENCE.fullmatch(tag) else ""
        raise UsageError(f"{tag} is not a tag: letters, digits, dots, hyphens and underscores, at most 128.{hint}")
    return f"{repository(reference)}:{tag}"


def checked(reference: str) -> str:
    """Return a whole image reference. Raises UsageError if it is not one."""
    if not _REFERENCE.fullmatch(reference):
        raise UsageError(
            f"{reference} is not an image; one looks like ghost:5.96 or registry.example.com/team/shop:2"
        )
    return reference
