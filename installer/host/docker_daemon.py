"""Docker's log rotation in /etc/docker/daemon.json, in addition to the settings that are there.

https://docs.docker.com/engine/logging/configure/ and .../drivers/json-file/: by default a container's log grows
until the disk is full.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.base import command, files
from runtime.base.errors import ShoestringError

FILE = Path("/etc/docker/daemon.json")
COPY_SUFFIX = ".before-shoestring"
DRIVER = "json-file"
# Both drivers take these, and as text only.
ROTATION = {"max-size": "10m", "max-file": "3"}
_ROTATED_DRIVERS = (DRIVER, "local")
_PID_FILE = Path("/var/run/docker.pid")
_FLAGS = ("--log-driver", "--log-opt")
RESTART = (
    "Takes effect for containers created after Docker restarts (systemctl restart docker; all containers restart)."
)


@dataclass(frozen=True)
class LogRotation:
    """A new file; `content` is empty if none is written, and then `why` is the reason."""

    content: str = ""
    added: tuple[str, ...] = ()
    why: str = ""


def rotation(present: str | None, arguments: tuple[str, ...] = ()) -> LogRotation:
    """Return the file to write for a present one (None: no file); `arguments` are those of the running dockerd.

    Present keys are kept. Raises ShoestringError for a file that is not a JSON object.
    """
    flag = next((each for each in arguments if each.split("=")[0] in _FLAGS), "")
    if flag:
        # dockerd refuses to start if an option is in its flags and in the file.
        return LogRotation(why=f"Docker is started with {flag}, so set the rotation of its logs there.")
    settings = _parse(present)
    driver = settings.get("log-driver", DRIVER)
    if driver not in _ROTATED_DRIVERS:
        return LogRotation(why=f"Docker's logs go to {driver}, which has its own rotation.")
    options = settings.get("log-opts", {})
    if not isinstance(options, dict):
        raise ShoestringError(f"log-opts in {FILE} is not an object. Correct it, then try again.")
    missing = {name: value for name, value in ROTATION.items() if name not in options}
    if "max-size" not in missing:
        return LogRotation(why="Docker's logs are rotated already.")
    added = tuple(f"log-opts.{name}: {value}" for name, value in missing.items())
    if "log-driver" not in settings:
        added = (f"log-driver: {DRIVER}", *added)
    merged = {**settings, "log-driver": driver, "log-opts": {**options, **missing}}
    return LogRotation(json.dumps(merged, indent=2, ensure_ascii=False) + "\n", added)


def _parse(text: str | None) -> Mapping[str, Any]:
    """Return the settings of a file; an empty one has none, as for dockerd."""
    try:
        found = json.loads(text) if text and text.strip() else {}
    except ValueError as error:
        raise ShoestringError(f"{FILE} is not JSON ({error}). Correct it, then try again.") from error
    if not isinstance(found, dict):
        raise ShoestringError(f"{FILE} is not a JSON object. Correct it, then try again.")
    return found


def plan_for_host(file: Path = FILE) -> LogRotation:
    """Return the file to write on this host. Changes nothing."""
    return rotation(_read(file), _arguments())


def apply(planned: LogRotation, file: Path = FILE) -> None:
    """Write it, with a copy of the user's file next to it. Raises ShoestringError if dockerd would refuse it.

    Docker reads it when it is restarted, which is left to the user: see RESTART.
    """
    if not planned.content:
        return
    before = _read(file)
    _validate(planned.content, file)
    if before is not None:
        files.write(_copy(file), before, _mode(file), group=file.stat().st_gid)
    _write(file, planned.content)


def undo_description(file: Path = FILE) -> str:
    """Return what `undo` would do, as the end of a sentence; empty if the file has nothing of ours."""
    present, before = _read(file), _read(_copy(file))
    if before is None and present != rotation(None).content:
        return ""
    # As it was before: a command was interrupted before it removed the copy.
    if present in (before, rotation(before).content):
        return "restored" if before is not None else "removed"
    return f"not restored, because it was changed since; its old version is {_copy(file)}"


def undo(file: Path = FILE) -> None:
    """Restore the file, if it is still as `apply` wrote it."""
    before = _read(_copy(file))
    if not undo_description(file) or _read(file) not in (before, rotation(before).content):
        return
    if before is None:
        files.remove(file.resolve())
    else:
        _write(file, before)
        files.remove(_copy(file))


def _write(file: Path, content: str) -> None:
    """Write the target of a link, with its present mode: the file may contain a password."""
    target = file.resolve()
    if not target.parent.is_dir():
        files.make_directory(target.parent)
    files.write(target, content, _mode(target))


def _mode(file: Path) -> int:
    return file.stat().st_mode & 0o777 if file.exists() else 0o644


def _copy(file: Path) -> Path:
    return file.with_name(file.name + COPY_SUFFIX)


def _read(file: Path) -> str | None:
    try:
        # Not as text, which would change the ends of its lines.
        return file.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ShoestringError(f"Cannot read {file}: {error}. Correct it, then try again.") from error


def _arguments() -> tuple[str, ...]:
    """Return the arguments of the running dockerd; none if it does not run."""
    try:
        number = int(_PID_FILE.read_text(encoding="ascii"))
        return tuple(Path(f"/proc/{number}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0"))
    except (OSError, ValueError):
        return ()


def _validate(content: str, file: Path) -> None:
    """Have dockerd itself check a file; engines before 23.0 cannot."""
    if not command.exists("dockerd"):
        return
    candidate = file.with_name(f".{file.name}.candidate")
    if not file.parent.is_dir():
        files.make_directory(file.parent)
    files.write(candidate, content, mode=0o600)
    try:
        result = command.run(("dockerd", "--validate", "--config-file", str(candidate)))
    finally:
        files.remove(candidate)
    if not result.ok and "unknown flag" not in result.err:
        raise ShoestringError(
            f"Docker refuses the new {file}, so it was not written:\n{result.tail(3)}\n"
            f"Correct {file}, or run setup with --no-log-rotation."
        )
