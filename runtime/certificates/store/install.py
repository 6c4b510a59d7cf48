"""Install certificates: on the disk, in the running proxy without a reload, and proven by a handshake."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths, Side
from runtime.certificates.model import PLACEHOLDER, InstalledCertificate
from runtime.certificates.store import folder, placeholder, proof, read, running
from runtime.config.settings import Settings
from runtime.proxy import install as proxy
from runtime.proxy.container import PROXY_GID


def install(
    paths: Paths,
    run: RunPaths,
    settings: Settings,
    side: Side,
    name: str,
    certificate_pem: bytes,
    key_pem: bytes,
    host_names: tuple[str, ...],
) -> str:
    """Write a certificate (the full chain, leaf first) with its key, load it into the proxy, and prove it.

    Returns what was done, as a clause. Raises ShoestringError: if the pair does not match or cannot be written,
    nothing has changed; if another certificate is served, the error names it.
    """
    file = folder.certificate_file(paths, side, name)
    found = read.pair(certificate_pem, key_pem, file)
    if found.problem:
        raise ShoestringError(f"The new certificate {name} is not installed: {found.problem}")
    folder.write(file, certificate_pem, key_pem)
    master = run.master_socket(side)
    if running.loaded(master) is None:
        placeholder.remove(file.parent)
        return "written; the proxy loads it when it starts"
    reloaded = _serve(paths, run, settings, side, found, host_names)
    if placeholder.remove(file.parent):
        running.drop(master, placeholder.FILE)
    return "served, after a reload" if reloaded else "served"


def load(paths: Paths, run: RunPaths, settings: Settings, side: Side) -> str:
    """Load a side's folder into its running proxy, and complete the writes of a killed command.

    Unusable files are skipped; the proxy keeps what it has loaded of them. Returns what was done, as a clause; empty
    if nothing. Raises ShoestringError.
    """
    directory, master = paths.proxy_certificates(side), run.master_socket(side)
    done = [f"finished {name}" for name in folder.finish(directory)]
    if placeholder.ensure(directory, PROXY_GID, time.time()):
        done.append("made the placeholder")
    if any(not each.problem and each.name != PLACEHOLDER for each in folder.scan(directory)):
        placeholder.remove(directory)
    served = running.loaded(master)
    if served is None:
        return ", ".join(done)
    found = folder.scan(directory)
    new = [each for each in found if not each.problem and served.get(each.file.name) != each.serial]
    whole = running.loads_folder(master)
    new = [each for each in new if whole or each.file.name in served]
    gone = [name for name in served if name not in {each.file.name for each in found}]
    put = [_put(master, each.file) for each in new]
    dropped = [running.drop(master, name) or name == placeholder.FILE for name in gone]
    done += [f"loaded {each.name}" for each in new] + [f"dropped {name}" for name in gone if name != placeholder.FILE]
    if not all((*put, *dropped)):
        _reload(paths, run, side)
        done.append("with a reload")
    return ", ".join(done)


def archive(paths: Paths, run: RunPaths, settings: Settings, side: Side, name: str, now: float) -> str:
    """Move a certificate to the archive and unload it from the proxy. `now` is in seconds since the epoch.

    The placeholder replaces the last one. Returns what was done, as a clause; empty if there is no such certificate.
    Raises ShoestringError.
    """
    file, master = folder.certificate_file(paths, side, name), run.master_socket(side)
    if not file.exists():
        return ""
    others = [each for each in folder.scan(file.parent) if each.file != file and not each.problem]
    if not others:
        pair = placeholder.placeholder(datetime.datetime.fromtimestamp(now, datetime.UTC))
        folder.write(folder.certificate_file(paths, side, PLACEHOLDER), pair.certificate, pair.key)
    target = paths.certificate_archive / f"{side}-{name}-{read.load(file).serial:x}.pem"
    folder.archive(file, target)
    if running.loaded(master) is not None:
        taken = bool(others) or _put(master, file.with_name(placeholder.FILE))
        if not (running.drop(master, file.name) and taken):
            _reload(paths, run, side)
    return f"moved to {target}"


def _serve(
    paths: Paths,
    run: RunPaths,
    settings: Settings,
    side: Side,
    found: InstalledCertificate,
    host_names: tuple[str, ...],
) -> bool:
    """Have the running proxy serve the written pair. Return whether that took a reload. Raises ShoestringError."""
    if _put(run.master_socket(side), found.file) and _proven(settings, side, host_names, found.serial):
        return False
    _reload(paths, run, side)
    if not _proven(settings, side, host_names, found.serial):
        raise _other_is_served(settings, side, found, host_names[0])
    return True


def _put(master: Path, file: Path) -> bool:
    """Load a pair into the running proxy. Return False if that needs a reload."""
    try:
        running.put(master, file.name, *folder.read_pair(file))
    except running.RefusedError:
        return False
    return True


def _reload(paths: Paths, run: RunPaths, side: Side) -> None:
    """Reload the proxy. HAProxy refuses an invalid file in the folder; the error names it."""
    found = folder.scan(paths.proxy_certificates(side))
    broken = [f"{each.file}: {each.problem}" for each in found if each.problem]
    if broken:
        raise ShoestringError(f"The {side} proxy must be reloaded, but would refuse. {' '.join(broken)}")
    proxy.reload(paths, run, side, force=True)


def _proven(settings: Settings, side: Side, host_names: tuple[str, ...], serial: int) -> bool:
    """Return whether it is served for one of its names: another certificate may serve the other names."""
    return any(
        proof.prove(settings, side, host_name, serial, proof.PATIENCE_SECONDS if not index else 0.0)
        for index, host_name in enumerate(host_names)
    )


def _other_is_served(settings: Settings, side: Side, found: InstalledCertificate, host_name: str) -> ShoestringError:
    served = proof.served(settings, side, host_name)
    directory = found.file.parent
    other = next((each for each in read.scan(directory) if each.serial == served and each != found), None)
    if other:
        what = f"{other.file}. Remove that file if it is not needed, then: shoestring ssl load"
    else:
        what = (
            f"one that is not in {directory} (serial {served:X}). Does another program listen on the {side} side's "
            "address and port?"
        )
    return ShoestringError(f"The new certificate {found.name} is in place, but {host_name} is served with {what}")
