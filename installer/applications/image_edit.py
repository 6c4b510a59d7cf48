"""Change the image of one service in an application file, and no other character of it. Pure."""

from __future__ import annotations

from pathlib import Path

from installer.data_directory.yaml_edit import CannotEditYamlError, replace_text
from runtime.base import yaml_documents
from runtime.base.errors import ShoestringError


class CannotEditError(ShoestringError):
    """The file's form does not allow the edit of one image; the message says what to edit by hand."""


def set_image(file: Path, text: str, service: str, image: str) -> str:
    """Return the text of an application file with another image for one service.

    The text is as in the file, with its own line endings. Raises CannotEditError.
    """
    services = yaml_documents.parse(file, text).value.get("services")
    definition = services.get(service) if isinstance(services, dict) else None
    if not isinstance(definition, dict):
        raise CannotEditError(f"{file.name} has no service {service}.")
    if "$" in str(definition.get("image")):
        what = "has a variable in it; change its value in conf/secrets.yaml, or write the image out"
        raise _refusal(file, _line(file, text, service), service, what)
    try:
        return replace_text(file, text, ("services", service, "image"), image)
    except CannotEditYamlError as error:
        reason = "is missing; the service is built" if "image" not in definition else error.reason
        raise _refusal(file, error.line, service, reason, image) from error


def _line(file: Path, text: str, service: str) -> int:
    lines = yaml_documents.parse(file, text).lines
    return lines.get(("services", service, "image"), 0)


def _refusal(file: Path, line: int, service: str, reason: str, image: str = "the image") -> CannotEditError:
    return CannotEditError(
        f"{file.name}:{line} services.{service}: its image {reason}. Change it by hand to {image}, then: "
        "shoestring start"
    )
