"""The public proxy's answers to challenges of certificate authorities (http-01, RFC 8555, section 8.3)."""

from __future__ import annotations

import re

from runtime.base import files
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths, Side
from runtime.proxy import sockets
from runtime.proxy.container import CONFIGURATION_MOUNT, PROXY_GID

KEY = "thumbprint"
FILE_MODE, DIRECTORY_MODE = 0o640, 0o750
# RFC 7638: SHA-256 in base64url without padding.
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


def set(paths: Paths, run: RunPaths, thumbprint: str) -> bool:  # noqa: A001 - reads as challenge.set
    """Answer any token with the thumbprint of an ACME account's key. Return whether anything changed.

    It is set on disk for the proxy's next start, and in the running proxy without a reload. Raises ShoestringError.
    """
    if not _THUMBPRINT.fullmatch(thumbprint):
        raise ShoestringError(f"{thumbprint!r} is not the thumbprint of an account's key (RFC 7638).")
    file = paths.challenge_map
    files.make_directory(file.parent, DIRECTORY_MODE, (0, PROXY_GID))
    written = files.write(file, f"{KEY} {thumbprint}\n", FILE_MODE, PROXY_GID)
    return _update_map(run, f"{CONFIGURATION_MOUNT}/{file.name}", thumbprint) or written


def _update_map(run: RunPaths, name: str, thumbprint: str) -> bool:
    """Change the map in the running proxy (Management Guide 3.0, section 9.3: `show`, `set` and `add map`)."""
    master = run.master_socket(Side.PUBLIC)
    try:
        entries = _entries(sockets.ask(master, f"@1 show map {name}\nquit"))
    except sockets.NotRunningError:
        return False
    if entries == [thumbprint]:
        return False
    # A second `add` of a key would make a second entry.
    command = "set" if entries else "add"
    sockets.ask(master, f"@1 {command} map {name} {KEY} {thumbprint}\nquit")
    if thumbprint not in _entries(sockets.ask(master, f"@1 show map {name}\nquit")):
        raise ShoestringError(
            "The public proxy does not answer the challenges of certificate authorities: its configuration has no "
            f"map {name}. Copy the two lines about the thumbprint from Shoestring's own template into "
            "conf/haproxy-public/haproxy.cfg.j2, then: shoestring reload public"
        )
    return True


def _entries(answer: str) -> list[str]:
    """Return the values of our key in the answer to `show map`: lines of an address, the key and the value."""
    rows = (line.split() for line in answer.splitlines())
    return [row[2] for row in rows if len(row) == 3 and row[1] == KEY]
