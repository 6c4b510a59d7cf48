"""The changes of the firewall and of the isolation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.context.change import ApplyContext, Change, ChangeDescription, Sign
from runtime.docker import observed
from runtime.firewall import isolation, table
from runtime.firewall.model import FirewallSources


@dataclass(frozen=True)
class InstallFirewall(Change):
    """The firewall differs from the files. `content` are its rules, for nft(8); empty: it is removed.

    `fallback` are those for a boot that cannot load them.
    """

    file: Path
    content: str
    table: str
    reason: str
    action: Sign = Sign.CHANGED
    fallback: str = ""
    kind = "install-firewall"

    def describe(self) -> ChangeDescription:
        """Return how the rules differ."""
        return ChangeDescription(self.action, "firewall", self.reason)

    def apply(self, context: ApplyContext) -> str:
        """Load the rules, and keep them for the next boot."""
        table.install(self.file, self.content, self.table)
        table.keep_fallback(context.cluster.paths.firewall_fallback, self.fallback)
        return ""


@dataclass(frozen=True)
class InstallIsolation(Change):
    """The isolation is not what the files and the instance's networks need; see isolation.py."""

    file: Path
    sources: FirewallSources
    reason: str
    action: Sign = Sign.CHANGED
    kind = "install-isolation"

    def describe(self) -> ChangeDescription:
        """Return how the rules differ."""
        return ChangeDescription(self.action, "isolation", self.reason)

    def apply(self, context: ApplyContext) -> str:
        """Load the rules for the networks that there are now, and keep them for the next boot."""
        client = context.cluster.client
        found = observed.observe(client, self.sources.settings.instance)
        made = isolation.render(isolation.build(self.sources, found, lambda: observed.bridges(client)))
        table.install(self.file, made.text, made.table)
        return ""


@dataclass(frozen=True)
class RemoveIsolation(Change):
    """Nothing of the instance runs any more that the isolation protects."""

    file: Path
    table: str
    kind = "remove-isolation"

    def describe(self) -> ChangeDescription:
        """Return that it is removed."""
        return ChangeDescription(Sign.REMOVED, "isolation", "stop")

    def apply(self, context: ApplyContext) -> str:
        """Remove the table and its file."""
        table.install(self.file, "", self.table)
        return ""
