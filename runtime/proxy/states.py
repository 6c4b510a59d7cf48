"""Which server states a reload may carry over. Pure.

A new process would know no server until Docker's DNS has answered, and would forget that one is being drained.
So the states are written before a reload and read by the new process. But a state holds the port and the use of
TLS too, and HAProxy lets it win over the configuration: states of servers that changed must not be in it.
"""

from __future__ import annotations

VERSION = "1"
_UNKNOWN = "-"
# The numbers of HAProxy's include/haproxy/server-t.h and check-t.h.
UP = "2"
PASSED, PASSED_FOR_NOW = "3", "4"


def carry_over(states: str, configuration: str) -> str:
    """Return the states of those servers whose name, port and TLS are unchanged in the new configuration.

    `states` is HAProxy's answer to `show servers state`; the result is the content of the state file. Slots of
    a server-template with no container have no state to keep.
    """
    lines = states.strip().splitlines()
    if len(lines) < 2 or lines[0].strip() != VERSION or not lines[1].startswith("# "):
        return f"{VERSION}\n"
    header = lines[1].removeprefix("# ").split()
    known = _servers(configuration)
    rows = [line for line in lines[2:] if _carry_over_row(dict(zip(header, line.split(), strict=False)), known)]
    return "\n".join([*lines[:2], *rows, ""])


def _carry_over_row(row: dict[str, str], known: set[tuple[str, str, bool]]) -> bool:
    address = row.get("srv_addr", _UNKNOWN)
    name = row.get("srv_fqdn", _UNKNOWN)
    server = address if name == _UNKNOWN else name
    key = (row.get("be_name", ""), f"{server}:{row.get('srv_port', '')}", row.get("srv_use_ssl") == "1")
    return address != _UNKNOWN and key in known


def _servers(configuration: str) -> set[tuple[str, str, bool]]:
    """Return the servers of a configuration: backend, address with port, whether it speaks TLS to them."""
    found = set()
    section = ""
    for line in configuration.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] in ("backend", "listen"):
            section = words[1]
        elif words and words[0] in ("server", "server-template"):
            # server NAME ADDRESS …, or server-template PREFIX NUMBER ADDRESS …
            at = 2 if words[0] == "server" else 3
            if len(words) > at:
                found.add((section, words[at], "ssl" in words[at:]))
    return found


def serving(states: str) -> frozenset[str]:
    """Return the backends that have an active server whose last check passed. Management guide, `show servers state`.

    A server counts as up before its first check, so its state alone says nothing.
    """
    lines = states.strip().splitlines()
    header = lines[1].removeprefix("# ").split() if len(lines) > 1 else []
    rows = [dict(zip(header, line.split(), strict=False)) for line in lines[2:]]
    return frozenset(
        row["be_name"]
        for row in rows
        if row.get("srv_op_state") == UP and row.get("srv_check_result") in (PASSED, PASSED_FOR_NOW)
    )


def health_paths(configuration: str) -> dict[str, str]:
    """Return the path that each backend's check asks for, as the template writes it; backends without one are not
    there.
    """
    found = {}
    section = ""
    for line in configuration.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] in ("backend", "listen"):
            section = words[1]
        elif words[:2] == ["http-check", "send"] and "uri" in words[:-1]:
            found[section] = words[words.index("uri") + 1]
    return found


def tcp_name(port: int) -> str:
    """Return the template's name for the part that forwards a TCP port."""
    return f"_tcp_{port}"
