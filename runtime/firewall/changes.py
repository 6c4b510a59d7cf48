"""The change of the firewall."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.context.change import ApplyContext, Change, ChangeDescription, Sign
from runtime.firewall import table


@dataclass(frozen=True)
class InstallFirewall(Change):
    """The firewall differs from the files. `content` are its rules, for nft(8); empty: it is removed."""

    file: Path
    content: str
    table: str
    reason: str
    action: Sign = Sign.CHANGED
    kind = "install-firewall"

    def describe(self) -> ChangeDescription:
        """Return how the rules differ."""
        return ChangeDescription(self.action, "firewall", self.reason)

    def apply(self, context: ApplyContext) -> str:
        """Load the rules, and keep them for the next boot."""
        table.install(self.file, self.content, self.table)
        return ""
