"""Metrics of a run for Telegraf: the state of applications, proxies, certificates and of the VPN's clients.

They go into one small file in InfluxDB's line protocol, and only while Telegraf runs: the engine makes the directory
for its container. docs/services.md lists them.

This module must import little: it is part of the fast path; see runtime/reconcile/fast_path.py.
"""

from __future__ import annotations

import json
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from runtime.context.cluster import Cluster
    from runtime.docker.observed import Observed
    from runtime.reconcile.snapshot import Snapshot
    from runtime.reconcile.status import Status

DIRECTORY = "measured"
FILE = "measured.influx"
# Below /run, but not in the directory that Telegraf sees.
FACTS = "measured.json"
DAY_SECONDS = 86_400
# After so long without a handshake a session has ended: REJECT_AFTER_TIME of WireGuard's paper, section 6.1.
SESSION_SECONDS = 180
WG_TIMEOUT_SECONDS = 5.0
# Certificates that are not needed when they expire; see runtime/certificates/overview.py.
UNSEEN = ("placeholder", "unused")


def export(snapshot: Snapshot) -> None:
    """Write the file of a run, where Telegraf runs, and save what `export_again` needs."""
    from runtime.base import files
    from runtime.proxy.container import PROXY_GID

    cluster = snapshot.cluster
    directory = cluster.run.directory / DIRECTORY
    if not directory.is_dir():
        return
    files.make_directory(directory, 0o750, (0, PROXY_GID))
    facts = _facts(snapshot)
    _write(directory, facts, cluster.clock())
    saved = json.dumps({"token": _token(cluster), "facts": facts})
    files.write(cluster.run.directory / FACTS, saved, mode=0o600)


def _token(cluster: Cluster) -> str:
    """Return the token of the last run that left nothing to do; empty if there is none."""
    from runtime.reconcile import fast_path

    try:
        return fast_path.last_run(str(cluster.paths.root)).token
    except (OSError, ValueError, KeyError):
        return ""


def export_again(run: str, token: str) -> bool:
    """Write the file for a run that found everything unchanged since the run with a token.

    Return whether that is done; False if only a full run can, such as for what another command left behind.
    """
    directory = f"{run}/{DIRECTORY}"
    if not os.path.isdir(directory):
        return True
    from pathlib import Path

    from runtime.base.errors import ShoestringError

    try:
        with open(f"{run}/{FACTS}", encoding="utf-8") as file:
            saved = json.load(file)
        if saved["token"] != token:
            return False
        _write(Path(directory), saved["facts"], time.time())
    except (ShoestringError, OSError, ValueError, KeyError, TypeError):
        return False
    return True


def lines(facts: Mapping[str, Any], dump: str, now: float) -> Iterator[str]:
    """Yield the file's lines. `dump` is what `wg show NAME dump` prints, `now` in seconds since the epoch. Pure.

    https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/
    """
    problems = facts["problems"]
    yield f"shoestring_watchdog last_pass={int(now)}i,problems={problems}i"
    for name, side, state, up, running in facts["applications"]:
        tags = f"application={_tag(name)},side={_tag(side)}"
        yield f"shoestring_application,{tags} up={up}i,running={running}i,state={_text(state)}"
    for side, state, up in facts["proxies"]:
        yield f"shoestring_proxy,side={_tag(side)} up={up}i,state={_text(state)}"
    for name, side, not_after in facts["certificates"]:
        left = round((not_after - now) / DAY_SECONDS, 2)
        yield f"shoestring_certificate,name={_tag(name)},side={_tag(side)} days_left={left},expires={int(not_after)}i"
    # wg(8), `show … dump`: the first line is the interface's own; of a peer: its public key, a key, its endpoint,
    # its addresses, the last handshake, bytes received, bytes sent, and more.
    for line in dump.splitlines()[1:]:
        columns = line.split("\t")
        client = facts["clients"].get(columns[0])
        if client and len(columns) > 6:
            handshake = int(columns[4])
            age = int(now) - handshake if handshake else -1
            connected = int(0 <= age <= SESSION_SECONDS)
            figures = f"rx_bytes={columns[5]}i,tx_bytes={columns[6]}i,handshake_age={age}i,connected={connected}i"
            yield f"shoestring_peer,client={_tag(client)} {figures}"


def application_lines(found: Status, seen: Observed) -> list[list[Any]]:
    """Return name, side, state, up (1 or 0) and the number of running containers of each application. Pure.

    An invalid file does not affect running containers, and the watchdog reports it: as in runtime/alerting/checks.py,
    that is no outage.
    """
    from runtime.reconcile.status import FINE

    rows: list[list[Any]] = []
    for each in found.applications:
        running = sum(one.running for one in seen.of(each.name))
        up = each.state in FINE or (each.state == "broken" and running > 0)
        rows.append([each.name, str(each.side), each.state, int(up), running])
    return rows


def _facts(view: Snapshot) -> dict[str, Any]:
    """Return what does not change while nothing else does, in a form that JSON keeps as it is."""
    from runtime.certificates import overview
    from runtime.reconcile.status import FINE, assess

    desired, seen = view.desired, view.observed
    found = assess(desired, seen, overview.assess(view.certificates, view.now))
    problems = len(desired.problems) + len(view.blocked) + len(found.certificates.problems)
    return {
        "problems": problems,
        "applications": application_lines(found, seen),
        "proxies": [[str(each.side), each.state, int(each.state in FINE)] for each in found.proxies],
        "certificates": [
            [each.name, str(each.side), each.not_after]
            for each in found.certificates.certificates
            if each.not_after and each.state not in UNSEEN
        ],
        "interface": desired.settings.wireguard.interface if desired.settings.wireguard.enabled else "",
        "clients": _clients(view.cluster) if desired.settings.wireguard.enabled else {},
    }


def _clients(cluster: Cluster) -> dict[str, str]:
    """Return the names of the VPN's clients by their public keys. A file that is not that of a client is left out."""
    from runtime.base import yaml_documents
    from runtime.base.yaml_documents import DocumentError

    found = {}
    for file in sorted((cluster.paths.wireguard / "clients").glob("*.yaml")):
        try:
            found[str(yaml_documents.load(file).value.get("public_key"))] = file.stem
        except (DocumentError, OSError):
            continue
    return found


def _write(directory: Path, facts: Mapping[str, Any], now: float) -> None:
    from runtime.base import files

    text = "".join(f"{line}\n" for line in lines(facts, _dump(facts["interface"]), now))
    files.write(directory / FILE, text, 0o640, group=directory.stat().st_gid)


def _dump(interface: str) -> str:
    """Return WireGuard's dump of an interface, which contains keys; empty without one."""
    if not interface:
        return ""
    from runtime.base import command

    if not command.exists("wg"):
        return ""
    result = command.run(("wg", "show", interface, "dump"), timeout=WG_TIMEOUT_SECONDS)
    return result.out if result.ok else ""


def _tag(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ") or "-"


def _text(text: str) -> str:
    return json.dumps(text)
