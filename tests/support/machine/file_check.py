"""Runs in a machine: prints each file of a data directory, or elsewhere, that is empty, half-written or left over.

python file_check.py /srv/shoestring /etc/shoestring
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

# Empty is a valid content of these.
MAY_BE_EMPTY = (".map", ".lock")


def wrong(file: Path) -> str:
    """Return why a file is invalid; empty if it is valid."""
    content = file.read_bytes()
    if file.name.endswith(".part") or ".setup-" in str(file):
        return "left over"
    if not content and file.suffix not in MAY_BE_EMPTY:
        return "empty"
    try:
        _parse(file, content)
    except (ValueError, yaml.YAMLError) as error:
        return f"half-written: {error}"
    return ""


def _parse(file: Path, content: bytes) -> None:
    if file.suffix == ".json":
        json.loads(content)
    elif file.suffix == ".yaml":
        yaml.safe_load(content)
    elif file.suffix == ".key":
        load_pem_private_key(content, None)
    elif file.suffix == ".pem":
        _pair(file, content)
    else:
        # A text is written in one piece and ends with a line end.
        assert_text(content)


def _pair(file: Path, content: bytes) -> None:
    certificate = x509.load_pem_x509_certificates(content)[0]
    key = next(
        (each for each in (file.with_name(f"{file.name}.key"), file.with_suffix(".key")) if each.exists()), None
    )
    if key and load_pem_private_key(key.read_bytes(), None).public_key() != certificate.public_key():
        raise ValueError("its key is another's")


def assert_text(content: bytes) -> None:
    """Raise ValueError for content other than complete lines without NUL, which a power cut leaves in files."""
    if content and (b"\0" in content or not content.endswith(b"\n")):
        raise ValueError("incomplete lines")


def files(root: Path) -> Iterator[Path]:
    """Yield all files except git's own, which `git fsck` checks; also those beside the root with its name."""
    beside = (each for each in root.parent.iterdir() if each.name.startswith(f".{root.name}."))
    for top in (root, *beside):
        yield from (each for each in top.rglob("*") if each.is_file() and ".git" not in each.parts)


def main(root: Path, *others: Path) -> None:
    """Print a line for each invalid file."""
    more = (file for other in others for file in (other, *other.rglob("*")) if file.is_file())
    for file in sorted((*files(root), *more)):
        found = wrong(file)
        if found:
            print(f"{file}: {found}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
