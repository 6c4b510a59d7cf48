"""Change the image of one service in an application file, and no other character of it. Pure."""

from __future__ import annotations

from pathlib import Path

import yaml

from installer.data_directory.settings_file import scalar
from runtime.base import yaml_documents
from runtime.base.errors import ShoestringError
from runtime.base.yaml_documents import DocumentError

_QUOTES = ("'", '"')


class CannotEditError(ShoestringError):
    """The file's form does not let one image change in place; says what to edit by hand."""


def set_image(file: Path, text: str, service: str, image: str) -> str:
    """The text of an application file with another image for one service.

    The text is as in the file, with its own line endings. Raises CannotEditError.
    """
    node = _image_node(file, text, service)
    start, end = node.start_mark.index, node.end_mark.index
    edited = text[:start] + scalar(image, node.style) + text[end:]
    if _differs_only_there(file, text, edited, service, image):
        return edited
    raise _refusal(file, node, service, "its image cannot be changed without changing something else", image)


def _image_node(file: Path, text: str, service: str) -> yaml.ScalarNode:
    """The place of the image in the text."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    services = _value(root, "services")
    definition = _value(services[1], service) if services else None
    image = _value(definition[1], "image") if definition else None
    if not services or not definition:
        raise CannotEditError(f"{file.name} has no service {service}.")
    if image is None:
        inherited = _is_alias(definition) or _value(definition[1], "<<") is not None
        why = "comes from another part of the file (<<)" if inherited else "is not there; the service is built"
        raise _refusal(file, definition[0], service, f"its image {why}")
    key, node = image
    if _is_alias(services) or _is_alias(definition) or _is_alias(image):
        raise _refusal(file, key, service, "its image stands in another part of the file (an alias, *)")
    if not isinstance(node, yaml.ScalarNode) or node.style not in (None, *_QUOTES):
        raise _refusal(file, node, service, "its image is not a plain or quoted text")
    if "$" in node.value:
        what = "its image has a variable in it; change its value in conf/secrets.yaml, or write the image out"
        raise _refusal(file, node, service, what)
    if text[node.start_mark.index] in "&!":
        raise _refusal(file, node, service, "its image has an anchor (&) or a tag (!)")
    if node.start_mark.line != node.end_mark.line:
        raise _refusal(file, node, service, "its image stands on several lines")
    return node


def _value(node: yaml.Node | None, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    """A key of a mapping with its value, as the text has them."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((pair for pair in pairs if pair[0].value == name), None)


def _is_alias(pair: tuple[yaml.Node, yaml.Node]) -> bool:
    """Whether a value stands before its key: the composer gives an alias the node that its anchor is at."""
    key, node = pair
    return bool(node.start_mark.index < key.end_mark.index)


def _differs_only_there(file: Path, before: str, after: str, service: str, image: str) -> bool:
    """Whether the edited text means what the old one meant, but for this image."""
    try:
        wanted = yaml_documents.parse(file, before).value
        services = wanted["services"]
        # New mappings on the way there: an alias elsewhere in the file stands for the old ones.
        changed = {**services, service: {**services[service], "image": image}}
        return bool(yaml_documents.parse(file, after).value == {**wanted, "services": changed})
    except DocumentError:
        return False


def _refusal(file: Path, node: yaml.Node, service: str, what: str, image: str = "the image") -> CannotEditError:
    return CannotEditError(
        f"{file.name}:{node.start_mark.line + 1} services.{service}: {what}. "
        f"Edit it by hand to say {image}, then: shoestring start"
    )
