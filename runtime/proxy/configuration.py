"""One proxy's configuration file as data: what Shoestring notes at its top, its digest, and what differs. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from runtime.base.paths import Side
from runtime.proxy.model import ProxyModel

# Readable in the running process (`show env`), so that what it runs is asked there and not read from a state file.
DIGEST_VARIABLE = "SHOESTRING_CONFIGURATION"
# Part of the inputs: raise it when the same template and model come out otherwise.
RENDER_VERSION = "1"
_NOTE = "#: "
_SETENV = f"    setenv {DIGEST_VARIABLE} "


@dataclass(frozen=True)
class ConfigurationEntry:
    """One thing that a proxy serves: a host name or `tcp PORT`, and the `alias:port` that it leads to."""

    name: str
    target: str


@dataclass(frozen=True)
class Configuration:
    """A configuration file as it is installed.

    `text` is the whole file, `digest` names it, `inputs` and `template` are digests of what it was made from.
    """

    text: str
    digest: str
    inputs: str
    template: str
    entries: tuple[ConfigurationEntry, ...]


@dataclass(frozen=True)
class ConfigurationDifference:
    """How a configuration differs from the one before it. `first`: there was none. `remade`: nothing else differs."""

    side: Side
    first: bool = False
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    template: bool = False
    remade: bool = False

    def __bool__(self) -> bool:
        return bool(self.first or self.added or self.removed or self.moved or self.template or self.remade)

    def __str__(self) -> str:
        """Return it as text for the user, such as `+1 host, template changed`; empty if nothing differs."""
        if self.first:
            return f"new, {_count(self.added)}" if self.added else "new"
        parts = [
            f"+{_count(self.added)}" if self.added else "",
            f"-{_count(self.removed)}" if self.removed else "",
            f"{_count(self.moved)} moved" if self.moved else "",
            "template changed" if self.template else "",
        ]
        differences = ", ".join(part for part in parts if part)
        return differences or ("settings changed" if self.remade else "")


def _count(entries: tuple[str, ...]) -> str:
    ports = sum(name.startswith("tcp ") for name in entries)
    hosts = len(entries) - ports
    parts = [
        f"{hosts} host{'s' if hosts != 1 else ''}" if hosts else "",
        f"{ports} TCP port{'s' if ports != 1 else ''}" if ports else "",
    ]
    return ", ".join(part for part in parts if part)


def build(body: str, template: str, model: ProxyModel) -> Configuration:
    """Put the notes and the digest before what a template made. `template` is the template's text."""
    inputs, template_digest, entries = inputs_digest(template, model), _digest(template), entries_of(model)
    notes = [f"inputs {inputs}", f"template {template_digest}", *(f"{each.name} > {each.target}" for each in entries)]
    head = f"# Made by Shoestring from conf/haproxy-{model.side}/haproxy.cfg.j2. Do not edit: it is written again.\n"
    head += "".join(f"{_NOTE}{note}\n" for note in notes)
    digest = _digest(head + body)
    text = f"{head}global\n    # The digest of this file, for Shoestring to ask the process that runs.\n"
    return Configuration(f"{text}{_SETENV}{digest}\n\n{body}", digest, inputs, template_digest, entries)


def parse(text: str) -> Configuration | None:
    """Read an installed file back. None if it is not one of ours, or if anyone changed it since."""
    lines = text.splitlines(keepends=True)
    # Below the top, such a line is the template's.
    top = takewhile(lambda line: line.startswith(_NOTE), lines[1:])
    notes = [line.removeprefix(_NOTE).rstrip("\n") for line in top]
    values = dict(note.split(" ", 1) for note in notes[:2] if " " in note)
    at = next((index for index, line in enumerate(lines) if line.startswith(_SETENV)), 0)
    if at < 2 or set(values) != {"inputs", "template"}:
        return None
    digest = lines[at].removeprefix(_SETENV).strip()
    # Around the digest stand four lines of ours: `global`, a comment, the digest itself, an empty one.
    if digest != _digest("".join(lines[: at - 2] + lines[at + 2 :])):
        return None
    entries = tuple(ConfigurationEntry(*note.split(" > ", 1)) for note in notes[2:] if " > " in note)
    return Configuration(text, digest, values["inputs"], values["template"], entries)


def inputs_digest(template: str, model: ProxyModel) -> str:
    """Return a digest of a template and a model: the same ones render to the same file, so it need not be done."""
    return _digest("\0".join((RENDER_VERSION, template, repr(model))))


def entries_of(model: ProxyModel) -> tuple[ConfigurationEntry, ...]:
    """Return what a proxy with this model serves."""
    return tuple(_entries(model))


def _entries(model: ProxyModel) -> Iterator[ConfigurationEntry]:
    for backend in model.backends:
        for host_name in backend.host_names:
            yield ConfigurationEntry(host_name, f"{backend.alias}:{backend.port}")
    for tcp in model.tcp_ports:
        yield ConfigurationEntry(f"tcp {tcp.port}", f"{tcp.alias}:{tcp.container_port}")


def compare(installed: Configuration | None, template: str, model: ProxyModel) -> ConfigurationDifference:
    """Return what would change if the template were rendered with the model now."""
    entries = entries_of(model)
    if installed is None:
        return ConfigurationDifference(model.side, first=True, added=_names(entries))
    if installed.inputs == inputs_digest(template, model):
        return ConfigurationDifference(model.side)
    before = {each.name: each.target for each in installed.entries}
    after = {each.name: each.target for each in entries}
    return ConfigurationDifference(
        model.side,
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        moved=tuple(name for name, target in after.items() if before.get(name, target) != target),
        template=installed.template != _digest(template),
        remade=True,
    )


def _names(entries: Iterable[ConfigurationEntry]) -> tuple[str, ...]:
    return tuple(each.name for each in entries)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
