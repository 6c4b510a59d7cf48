"""The files of certificates in a proxy's folder, written so that HAProxy can start at any moment.

HAProxy refuses a folder with a certificate and the key of another one. So a pair is not replaced file by file: first
the certificate's file gets both, in one step (HAProxy then ignores NAME.pem.key); then the key's file is written;
then the certificate's file gets the certificate alone.
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

from runtime.base import files
from runtime.base.failpoints import failpoint
from runtime.base.paths import Paths, Side
from runtime.certificates.model import InstalledCertificate
from runtime.certificates.store import read, running
from runtime.certificates.store.read import KEY_SUFFIX
from runtime.proxy.container import PROXY_GID, PROXY_UID

MODE, DIRECTORY_MODE = 0o640, 0o750
ARCHIVE_MODE, ARCHIVE_DIRECTORY_MODE = 0o600, 0o700
_UNDER_WAY = b"# Shoestring is putting this certificate in place. The key:\n"
_CERTIFICATE = b"# The certificate:\n"
_PRIVATE_KEY = b"PRIVATE KEY-----"
_NAME_PROBLEM = "only letters, digits and . _ + @ = - may be in the name of a certificate's file; rename it."
_STOPS_PROXY = "HAProxy cannot start again while it is there."


def certificate_file(paths: Paths, side: Side, name: str) -> Path:
    """Return the file of the certificate with a name; its key has the same name with `.key` added."""
    return paths.proxy_certificates(side) / f"{name}.pem"


def key_file(certificate: Path) -> Path:
    """Return the file of the key of a certificate."""
    return certificate.with_name(certificate.name + KEY_SUFFIX)


def read_pair(certificate: Path) -> tuple[bytes, bytes]:
    """Read a certificate and its key, from two files or from one. Raises OSError."""
    pem = certificate.read_bytes()
    return pem, pem if _PRIVATE_KEY in pem else key_file(certificate).read_bytes()


def scan(directory: Path) -> tuple[InstalledCertificate, ...]:
    """Return all certificates that HAProxy would load from a folder (`read.scan`), with problems of unusable ones."""
    return tuple(_as_used(each) for each in read.scan(directory))


def _as_used(found: InstalledCertificate) -> InstalledCertificate:
    problem = found.problem or _unreadable(found.file)
    if problem:
        return replace(found, problem=f"{problem} {_STOPS_PROXY}")
    return found if running.can_name(found.file.name) else replace(found, problem=_NAME_PROBLEM)


def _unreadable(certificate: Path) -> str:
    """Return a sentence if the proxy's user cannot read a pair, else an empty text."""
    pair = (file for file in (certificate, key_file(certificate)) if file.exists())
    unreadable = " ".join(str(file) for file in pair if not _proxy_reads(file.stat()))
    if not unreadable:
        return ""
    return f"HAProxy cannot read it. Allow it: chgrp {PROXY_GID} {unreadable}; chmod 640 {unreadable}."


def _proxy_reads(status: os.stat_result) -> bool:
    if status.st_uid == PROXY_UID:
        return bool(status.st_mode & stat.S_IRUSR)
    return bool(status.st_mode & (stat.S_IRGRP if status.st_gid == PROXY_GID else stat.S_IROTH))


def write(certificate: Path, chain: bytes, key: bytes) -> None:
    """Write a certificate and its key. The old pair stays complete if the disk is full. Raises ShoestringError."""
    files.make_directory(certificate.parent, DIRECTORY_MODE, (0, PROXY_GID))
    chain, key = _ended(chain), _ended(key)
    steps = [("key", key_file(certificate), key), ("certificate", certificate, chain)]
    if certificate.exists():
        steps.insert(0, ("both", certificate, _UNDER_WAY + key + _CERTIFICATE + chain))
    files.write_in_turn(
        [(file, data) for _, file, data in steps],
        MODE,
        PROXY_GID,
        lambda index: failpoint(f"install-{steps[index][0]}"),
    )


def is_unfinished(directory: Path) -> bool:
    """Return whether a killed command left a write that `finish` completes."""
    return bool(files.unfinished(directory)) or any(map(_is_under_way, directory.glob("*.pem")))


def _is_under_way(certificate: Path) -> bool:
    try:
        with certificate.open("rb") as file:
            return file.read(len(_UNDER_WAY)) == _UNDER_WAY
    except OSError:
        return False


def finish(directory: Path) -> tuple[str, ...]:
    """Complete the writes of a killed command. Return the names of the certificates. Raises ShoestringError."""
    files.sweep(directory)
    finished = []
    for file in sorted(directory.glob("*.pem")):
        if _is_under_way(file):
            key, _, chain = file.read_bytes().removeprefix(_UNDER_WAY).partition(_CERTIFICATE)
            write(file, chain, key)
            finished.append(file.stem)
    return tuple(finished)


def archive(certificate: Path, target: Path) -> None:
    """Copy a certificate and its key to the archive, then remove them. Raises ShoestringError."""
    files.make_directory(target.parent, ARCHIVE_DIRECTORY_MODE)
    for source, copy in ((certificate, target), (key_file(certificate), key_file(target))):
        if source.exists():
            files.write(copy, source.read_bytes(), ARCHIVE_MODE)
    failpoint("archive-copied")
    # The certificate first: HAProxy ignores a key alone.
    files.remove(certificate)
    files.remove(key_file(certificate))


def _ended(pem: bytes) -> bytes:
    return pem.rstrip() + b"\n"
