"""Render a proxy's configuration, check it, activate it; if anything fails, the last valid one stays.

`generated/haproxy-SIDE/` is mounted into the container. It has `haproxy.cfg`, which a starting proxy reads, and
`checked/DIGEST.cfg` for each configuration that HAProxy accepted since one was last seen to run. A configuration that
HAProxy refused is kept in `generated/candidate-SIDE/`, to be inspected.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.base import files
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths, Side
from runtime.proxy import check, configuration, sockets, states
from runtime.proxy.configuration import Configuration, ConfigurationDifference
from runtime.proxy.container import PROXY_GID
from runtime.proxy.model import ProxyModel

if TYPE_CHECKING:
    from docker import DockerClient

FILE_MODE = 0o640
DIRECTORY_MODE = 0o750
CHECKED = "checked"
KEPT_CHECKED = 8
STATES = "servers.state"


class ConfigurationError(ShoestringError):
    """HAProxy refuses a configuration. `messages` are its own, with lines of the file that it was given."""

    def __init__(self, message: str, messages: tuple[check.CheckMessage, ...]) -> None:
        self.messages = messages
        super().__init__(message)


@dataclass(frozen=True)
class ProxyDifference:
    """The effect of installing: the change to the file, and whether the running process lacks the file's content.

    `problem` is why it cannot be determined; installing then fails with the same message. `inputs` is a digest of
    the configuration's inputs, empty if it cannot be determined. `lost`: the mounted directory was deleted.
    """

    change: ConfigurationDifference
    stale: bool = False
    problem: str = ""
    inputs: str = ""
    lost: bool = False

    def __str__(self) -> str:
        """Return it as text for the user; empty if there is nothing to do."""
        return self.problem or str(self.change) or ("written, not loaded yet" if self.stale else "")


@dataclass(frozen=True)
class PreparedConfiguration:
    """The result of `prepare`. `warnings` are HAProxy's."""

    change: ConfigurationDifference
    warnings: tuple[check.CheckMessage, ...] = field(default=())


@dataclass(frozen=True)
class ReloadResult:
    """The result of `reload`: nothing if no proxy runs, or if it runs the configuration on disk."""

    side: Side
    running: bool
    reloaded: bool


def difference(paths: Paths, run: RunPaths, model: ProxyModel) -> ProxyDifference:
    """Return what `prepare` and `reload` would do now. Reads two files and asks the running proxy; changes nothing.

    Raises nothing: a template that cannot be read, or a proxy that does not answer, is a part of what it gives.
    """
    installed = _installed(paths, model.side)
    lost = not paths.proxy_generated(model.side).is_dir()
    try:
        template = _template(paths, model.side)
        change = configuration.compare(installed, template, model)
        running = sockets.running_digest(run.master_socket(model.side))
    except ShoestringError as error:
        return ProxyDifference(ConfigurationDifference(model.side), problem=str(error), lost=lost)
    stale = installed is not None and running is not None and running != installed.digest
    return ProxyDifference(change, stale, inputs=configuration.inputs_digest(template, model), lost=lost)


def prepare(paths: Paths, model: ProxyModel, image: str, client: DockerClient) -> PreparedConfiguration:
    """Render, have HAProxy check it, and write it for the container to read; nothing if nothing differs.

    Raises TemplateError, ConfigurationError and ShoestringError; what is installed then stays as it is.
    """
    side = model.side
    template = _template(paths, side)
    change = configuration.compare(_installed(paths, side), template, model)
    if not change:
        return PreparedConfiguration(change)
    # Jinja2 takes longer to import than all else here.
    from runtime.proxy.render import render

    body = render(template, model, _template_name(side))
    made = configuration.build(body, template, model)
    candidate = paths.generated / f"candidate-{side}"
    _write(candidate / check.FILE, made.text)
    certificates = paths.proxy_certificates(side)
    if not certificates.is_dir():
        files.make_directory(certificates, DIRECTORY_MODE, (0, PROXY_GID))
    result = check.check(client, image, candidate, certificates)
    if not result.ok:
        raise _refused(candidate / check.FILE, made.text, template, side, result.errors)
    _write(_checked(paths, side, made.digest), made.text)
    _prune(paths, side)
    _write(_file(paths, side), made.text)
    files.remove_tree(candidate)
    return PreparedConfiguration(change, result.warnings)


def reload(paths: Paths, run: RunPaths, side: Side, *, force: bool = False) -> ReloadResult:
    """Have the running proxy load the configuration on disk if it runs another one, or with `force` in any case.

    Raises ConfigurationError if the new process does not start: the old one then continues, and its configuration
    is restored on disk.
    """
    master = run.master_socket(side)
    running = sockets.running_digest(master)
    installed = _installed(paths, side)
    if running is None or installed is None:
        return ReloadResult(side, running is not None, reloaded=False)
    if running == installed.digest and not force:
        return ReloadResult(side, running=True, reloaded=False)
    answer = _reload(run, side, installed)
    if not answer.ok:
        restored = _restore(paths, side, running)
        errors = check.parse(1, answer.log).errors
        raise _refused(_file(paths, side), installed.text, _template(paths, side), side, errors, restored=restored)
    _prune(paths, side, only=installed.digest)
    return ReloadResult(side, running=True, reloaded=True)


def _restore(paths: Paths, side: Side, digest: str) -> bool:
    """Restore on disk the configuration that the process runs. Return False if it is not known any more."""
    try:
        text = _checked(paths, side, digest).read_text(encoding="utf-8")
    except OSError:
        return False
    _write(_file(paths, side), text)
    return True


def _prune(paths: Paths, side: Side, only: str = "") -> None:
    """Remove all files that HAProxy loaded but the one with the digest `only`, or but the newest."""
    found = sorted(_checked(paths, side, "any").parent.glob("*.cfg"), key=lambda file: file.stat().st_mtime_ns)
    for file in [each for each in found if each.stem != only] if only else found[:-KEPT_CHECKED]:
        files.remove(file)


def _reload(run: RunPaths, side: Side, installed: Configuration) -> sockets.ReloadAnswer:
    """Reload with the servers' states. They are for this one reload: later, an address may be someone else's."""
    master = run.master_socket(side)
    file = run.proxy(side) / STATES
    carried = states.carry_over(sockets.server_states(master), installed.text)
    files.write(file, carried, FILE_MODE, PROXY_GID)
    try:
        return sockets.reload(master)
    finally:
        files.remove(file)


def _refused(
    file: Path,
    text: str,
    template: str,
    side: Side,
    errors: tuple[check.CheckMessage, ...],
    *,
    restored: bool = True,
) -> ConfigurationError:
    listed = "\n".join(_with_line(message, file, text, template, side) for message in errors)
    in_force = (
        "The last good configuration stays in force." if restored else "The proxy keeps its running configuration."
    )
    return ConfigurationError(f"HAProxy refuses the {side} proxy's configuration. {in_force}\n{listed}", errors)


def _with_line(message: check.CheckMessage, file: Path, text: str, template: str, side: Side) -> str:
    """Return HAProxy's message with its line, and the line of the template if that is certain."""
    if not message.line:
        return f"  {message.text}"
    lines = text.splitlines()
    content = lines[message.line - 1].strip() if message.line <= len(lines) else ""
    same = [number for number, line in enumerate(template.splitlines(), start=1) if line.strip() == content]
    place = f"{_template_name(side)}:{same[0]}" if len(same) == 1 else f"{file}:{message.line}"
    return f"  {place}: {message.text}\n      {content[:160]}"


def text(paths: Paths, side: Side) -> str:
    """Return the configuration that is installed; empty if there is none."""
    installed = _installed(paths, side)
    return installed.text if installed else ""


def _installed(paths: Paths, side: Side) -> Configuration | None:
    try:
        return configuration.parse(_file(paths, side).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def _template(paths: Paths, side: Side) -> str:
    file = paths.proxy_template(side)
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ShoestringError(f"{file} cannot be read ({error.strerror}). Put it back: shoestring setup") from error
    except UnicodeDecodeError as error:
        raise ShoestringError(f"{file} is not text in UTF-8. Repair it, or put it back: shoestring setup") from error


def _template_name(side: Side) -> str:
    return f"conf/haproxy-{side}/haproxy.cfg.j2"


def _file(paths: Paths, side: Side) -> Path:
    return paths.proxy_generated(side) / check.FILE


def _checked(paths: Paths, side: Side, digest: str) -> Path:
    return paths.proxy_generated(side) / CHECKED / f"{digest}.cfg"


def _write(file: Path, text: str) -> None:
    files.make_directory(file.parent, DIRECTORY_MODE, (0, PROXY_GID))
    files.write(file, text, FILE_MODE, PROXY_GID)
