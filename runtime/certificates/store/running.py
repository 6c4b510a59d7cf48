"""The certificates of the running proxy, and changes of them without a reload, by the socket of its master.

HAProxy's Management Guide 3.0, section 9.3: `show ssl cert`, `new`, `set`, `commit`, `abort` and `del ssl cert`,
`add` and `del ssl crt-list`. A reload forgets these changes, so the files are written as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from runtime.base.errors import ShoestringError
from runtime.base.failpoints import failpoint
from runtime.proxy import sockets
from runtime.proxy.container import CERTIFICATES_MOUNT

# A command must fit into HAProxy's buffer, 16,384 bytes unless tune.bufsize sets another size, with room for headers.
LONGEST_PAYLOAD = 15_000
_FOLDER = CERTIFICATES_MOUNT
# A name after `*` in the list has an unfinished change.
_LISTED = re.compile(rf"^(\*?){re.escape(_FOLDER)}/+([^/\n]+)$", re.MULTILINE)
# A space would end the name in a command.
_NAME = re.compile(r"[A-Za-z0-9._+@=-]+")
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)
_CERTIFICATE = ("CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE")


class RefusedError(ShoestringError):
    """The running proxy refuses a certificate; it serves what it served before. A reload may help."""


def loaded(master: Path) -> Mapping[str, int] | None:
    """Return the serial numbers of the certificates that the proxy serves, by file name in its folder.

    None if no proxy runs, or if it does not load the folder: without TLS, or with a user-provided template. Raises
    ShoestringError if it does not answer.
    """
    try:
        names = [name for transaction, name in _listed(master) if not transaction]
        if not names and not loads_folder(master):
            return None
    except sockets.NotRunningError:
        return None
    states = ((name, _state(master, name)) for name in names if can_name(name))
    return {name: int(each["Serial"], 16) for name, each in states if each.get("Status") == "Used"}


def loads_folder(master: Path) -> bool:
    """Return whether the proxy loads the whole folder, so that it takes new files. Raises NotRunningError."""
    lists = sockets.ask(master, "@1 show ssl crt-list\nquit").split()
    return any(each.rstrip("/") == _FOLDER for each in lists)


def can_name(name: str) -> bool:
    """Return whether a running proxy can load a file with this name."""
    return bool(_NAME.fullmatch(name))


def put(master: Path, name: str, certificate_pem: bytes, key_pem: bytes) -> None:
    """Load a certificate into the running proxy, in place of one with the same file name.

    Open connections keep theirs. `certificate_pem` is the full chain, leaf first. Raises NotRunningError, and
    RefusedError if the proxy refuses it, which changes nothing.
    """
    certificate, key = _blocks(certificate_pem, *_CERTIFICATE), _key(key_pem)
    if not can_name(name):
        raise RefusedError(f"HAProxy cannot load a file named {name!r} at run time; rename it.")
    if max(len(certificate), len(key)) > LONGEST_PAYLOAD:
        raise RefusedError(f"The chain of {name} is too long to load into a running proxy.")
    _abort(master)
    file = f"{_FOLDER}/{name}"
    if name not in {each for _, each in _listed(master)}:
        _change(master, name, f"new ssl cert {file}", "New empty")
    try:
        _change(master, name, f"set ssl cert {file} <<\n{certificate}\n", "Transaction")
        _change(master, name, f"set ssl cert {file}.key <<\n{key}\n", "Transaction")
        failpoint("install-commit")
        _change(master, name, f"commit ssl cert {file}", "Success")
        failpoint("install-list")
        if _state(master, name).get("Status") != "Used":
            _change(master, name, f"add ssl crt-list {_FOLDER} {file}", "Success")
    except RefusedError:
        _abort(master)
        if _state(master, name).get("Status") != "Used":
            sockets.ask(master, f"@1 del ssl cert {file}\nquit")
        raise


def drop(master: Path, name: str) -> bool:
    """Unload a certificate from the running proxy. Return whether it is unloaded.

    The default certificate, for unknown names, stays until the next reload. Raises ShoestringError.
    """
    if not can_name(name):
        return False
    file = f"{_FOLDER}/{name}"
    try:
        sockets.ask(master, f"@1 del ssl crt-list {_FOLDER} {file}\n@1 del ssl cert {file}\nquit")
        return name not in {each for _, each in _listed(master)}
    except sockets.NotRunningError:
        return True


def _listed(master: Path) -> list[tuple[bool, str]]:
    """Return all certificates by name, and whether each is part of an unfinished change."""
    answer = sockets.ask(master, "@1 show ssl cert\nquit")
    return [(mark == "*", name) for mark, name in _LISTED.findall(answer)]


def _state(master: Path, name: str) -> Mapping[str, str]:
    """Return the proxy's fields of a certificate, such as `Serial` (hexadecimal) and `Status`."""
    lines = sockets.ask(master, f"@1 show ssl cert {_FOLDER}/{name}\nquit").splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def _abort(master: Path) -> None:
    """Abort the unfinished change of a killed command; there is at most one, and it blocks all others."""
    for transaction, name in _listed(master):
        if transaction:
            sockets.ask(master, f"@1 abort ssl cert {_FOLDER}/{name}\nquit")


def _change(master: Path, name: str, command: str, expected: str) -> None:
    answer = sockets.ask(master, f"@1 {command}\nquit").strip()
    if expected not in answer:
        # HAProxy's answers contain no part of a key.
        reply = " ".join(answer.split())[:300] or "no answer"
        raise RefusedError(f"The running proxy refuses {name}: {reply}")


def _blocks(pem: bytes, *kinds: str) -> str:
    """Return the PEM blocks of some kinds without the text between them: an empty line would end the command."""
    return "\n".join(_lines(pem, kinds))


def _lines(pem: bytes, kinds: tuple[str, ...]) -> Iterator[str]:
    for block in _BLOCK.finditer(pem.decode("ascii", errors="replace")):
        if block[1] in kinds:
            yield from (line.strip() for line in block[0].splitlines() if line.strip())


def _key(pem: bytes) -> str:
    return _blocks(pem, "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY")
