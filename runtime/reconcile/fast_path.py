"""The quick answer of a pass with nothing to do, before anything large is imported.

A pass or a start that ends well leaves a note: a digest of every file that it read, and the containers that it saw.
If the next pass finds the same files and the same containers, all of them well, there is nothing to do. In any other
case, or without the note, it looks at everything; so a note that is lost or old makes a pass slower, never wrong.

This module must import little: it is what runs each minute.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import stat
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from runtime.base import disk_space
from runtime.base.constants import LABEL_DEFINITION, LABEL_INSTANCE, LABEL_PROJECT, LABEL_SERVICE, PASSED
from runtime.metrics import export
from runtime.network import interfaces

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.reconcile.desired import Desired
    from runtime.reconcile.operations import Cluster, View

NOTE = "quiet.json"
ENGINE_SOCKET = "/var/run/docker.sock"
ENGINE_TIMEOUT_SECONDS = 10.0
# After so long a pass looks at everything in any case.
LONGEST_SECONDS = 3600.0
# Under `data/`: a person may put a certificate there, and the ledger says when the next is due.
CERTIFICATE_DIRECTORIES = ("haproxy-public-ssl", "haproxy-internal-ssl", "private-ca", "shoestring")
# Where sshd_config(5) has its ports.
SSH_CONFIGURATION = ("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d")
# Any of these may lead to another engine than the local one.
ENGINE_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG")


def is_quiet(root: str) -> bool:
    """Whether a data directory and its containers are as the last good pass left them. Changes nothing.

    False also where that cannot be known in a moment: the full pass finds out, and says what is wrong.
    """
    try:
        if any(name in os.environ for name in ENGINE_VARIABLES) or _other_context():
            return False
        with open(os.path.join(root, "generated", NOTE), encoding="utf-8") as file:
            note = json.load(file)
        return (
            time.time() < note["until"]
            and _free(note["run"])
            and not disk_space.problem(root)
            and note["inputs"] == inputs(root, note["run"])
            and note["referred"] == referred(note["referred"])
            and interfaces.holds(note["follows"], note["address"])
            and note["containers"] == _summary(_listing(note["instance"]))
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def measured(root: str) -> bool:
    """Leave the time, and tell Telegraf, where it is there, that all is as noted. False if a full pass must."""
    try:
        with open(os.path.join(root, "generated", NOTE), encoding="utf-8") as file:
            note = json.load(file)
        # For the alarm; see runtime/alerting/checks.py.
        os.utime(os.path.join(note["run"], PASSED))
        return export.again(note["run"], note["measured"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def remember(cluster: Cluster, view: View) -> None:
    """Leave the note, if there is nothing to do and nothing wrong; and tell Telegraf, where it is there."""
    from runtime.base import files

    measured = export.take(cluster, view)
    joined = {name for each in view.observed.containers for name in each.networks}
    unseen = not joined.issuperset(view.desired.networks)
    if (
        view.plan
        or view.refused
        or view.desired.problems
        or view.due.remote
        or not view.inputs
        or unseen
        or cluster.run.attempts.exists()
        or disk_space.problem(str(cluster.paths.root))
    ):
        return
    run = str(cluster.run.directory)
    note = {
        "instance": cluster.settings.instance,
        "run": run,
        # A certificate becomes due by time alone; and what the engine lists may be wrong
        # (runtime/docker/observed.py). It is the same for all passes of an hour, which write nothing then.
        "until": min(view.due.next_look, time.time() // LONGEST_SECONDS * LONGEST_SECONDS + LONGEST_SECONDS),
        "inputs": view.inputs,
        "follows": cluster.follows,
        # Not that of the moment: the plan was made with this one.
        "address": _address(cluster),
        "referred": referred([str(path), ""] for path in _named_files(view.desired)),
        "measured": measured,
        "containers": sorted(
            [
                *(each.id, each.project, each.service, each.definition),
                *(",".join(each.networks), each.state, _condition(each.status)),
            ]
            for each in view.observed.containers
        ),
    }
    files.stamp(cluster.run.passed)
    files.write(cluster.paths.generated / NOTE, json.dumps(note), mode=0o600)


def doubts(cluster: Cluster) -> bool:
    """Whether to ask the containers themselves: without a good pass in this hour the engine's list may be old."""
    try:
        note = json.loads((cluster.paths.generated / NOTE).read_text(encoding="utf-8"))
        return bool(time.time() >= note["until"])
    except (OSError, ValueError, KeyError, TypeError):
        return True


def forget(cluster: Cluster) -> None:
    """Remove the note: the next pass looks at everything."""
    from runtime.base import files

    files.remove(cluster.paths.generated / NOTE)


def _address(cluster: Cluster) -> str:
    """The address that the internal side's interface had when the settings were read; empty without one."""
    from runtime.base import validators

    internal = cluster.settings.internal
    return internal.address if cluster.follows and internal and not validators.is_auto(internal.address) else ""


def _named_files(desired: Desired) -> Iterator[Path]:
    """The files that application files name; they may be anywhere."""
    from runtime.config import referenced_files

    for each in desired.applications:
        yield from referenced_files.files(each.document.value, each.file.parent, desired.variables)


def referred(entries: Iterable[Any]) -> list[list[str]]:
    """Pairs of a file and a digest of what is in it now, for pairs of a file and any digest."""
    found = []
    for path, _ in entries:
        content = b""
        if os.path.isfile(path):
            with open(path, "rb") as file:
                content = file.read()
        found.append([path, hashlib.sha256(content).hexdigest()])
    return found


def inputs(root: str, run: str) -> str:
    """A digest of every file that a pass reads, and of the code that reads them.

    Empty if a file cannot be read, such as one that an editor removes at this moment: then nothing is known.
    """
    try:
        return _inputs(root, run)
    except OSError:
        return ""


def _inputs(root: str, run: str) -> str:
    digest = hashlib.sha256()
    # What a person edits by its content: two edits may fall into one moment of the clock.
    for path in _files(os.path.join(root, "conf")):
        mode = os.lstat(path).st_mode
        content = os.readlink(path).encode() if stat.S_ISLNK(mode) else b""
        # A link may lead out of the directory; sockets and the like have nothing to read.
        if stat.S_ISREG(mode) or os.path.isfile(path):
            with open(path, "rb") as file:
                content += file.read()
        digest.update(f"{path}\0{mode}\0{len(content)}\0".encode() + content)
    data = os.path.join(root, "data")
    watched = (os.path.join(data, name) for name in CERTIFICATE_DIRECTORIES)
    there = (path for path in watched if os.path.isdir(path))
    for directory in (os.path.join(root, "generated"), os.path.dirname(os.path.dirname(__file__)), *there):
        for path in _files(directory):
            seen = os.lstat(path)
            digest.update(f"{path}\0{seen.st_mode} {seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns}\0".encode())
    digest.update(f"{os.path.exists(os.path.join(run, 'stopped'))}".encode())
    digest.update(_firewall(os.path.join(root, "generated", "firewall.nft")).encode())
    digest.update(f"{os.path.exists(os.path.join(run, 'attempts.json'))}".encode())
    return digest.hexdigest()


def _firewall(rules: str) -> str:
    """What the firewall depends on besides: all rules of the kernel, bridges, routes, and where SSH is configured."""
    if not os.path.exists(rules):
        return ""
    from runtime.firewall import bridges, generation
    from runtime.network import routes

    found = [str(generation.current()), *bridges.unclear()]
    # Those of containers come and go, and nothing depends on them.
    found += [" ".join(map(str, each)) for each in routes.look() if not bridges.is_dockers(each[0])]
    for place in SSH_CONFIGURATION:
        for path in _files(place) if os.path.isdir(place) else (place,) if os.path.exists(place) else ():
            seen = os.stat(path)
            found.append(f"{path} {seen.st_mtime_ns} {seen.st_ctime_ns}")
    return "\0".join(found)


def _files(directory: str) -> Iterator[str]:
    """All files of a directory in a fixed order, without a git repository's own and the note."""
    with os.scandir(directory) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        if entry.name in (".git", "__pycache__", NOTE):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        else:
            yield entry.path


def _free(run: str) -> bool:
    """Whether nobody holds the lock; who does is said by the full pass."""
    descriptor = os.open(os.path.join(run, "lock"), os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)
    return True


def _other_context() -> bool:
    """Whether Docker's client was told to use another engine (`docker context use`)."""
    try:
        with open(os.path.expanduser("~/.docker/config.json"), encoding="utf-8") as file:
            return "currentContext" in file.read()
    except OSError:
        return False


def _listing(instance: str) -> list[Any]:
    """The containers of an instance, as `GET /containers/json` gives them. An answer by HTTP/1.0 ends by closing."""
    filters = '{"label":["' + f"{LABEL_INSTANCE}={instance}" + '"]}'
    quoted = "".join(character if character.isalnum() else f"%{ord(character):02X}" for character in filters)
    request = f"GET /containers/json?all=1&filters={quoted} HTTP/1.0\r\nHost: docker\r\n\r\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ENGINE_TIMEOUT_SECONDS)
        connection.connect(ENGINE_SOCKET)
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(1_048_576), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise ValueError("the engine did not answer the listing")
    listed = json.loads(body)
    return listed if isinstance(listed, list) else []


def _summary(listed: Iterable[Any]) -> list[list[str]]:
    """What of a listing must stay as it is: the containers, their definitions and networks, and how they are."""
    return sorted(
        [
            each["Id"],
            labels.get(LABEL_PROJECT, ""),
            labels.get(LABEL_SERVICE, ""),
            labels.get(LABEL_DEFINITION, ""),
            ",".join(sorted(each["NetworkSettings"]["Networks"] or ())),
            each["State"],
            _condition(each["Status"]),
        ]
        for each in listed
        for labels in [each["Labels"]]
    )


def _condition(status: str) -> str:
    """The part of a status that is no time: `unhealthy`, or `Exited (0)`."""
    if status.startswith("Exited"):
        return status.partition(")")[0]
    return "unhealthy" if "(unhealthy)" in status else ""
