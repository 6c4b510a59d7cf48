"""The change of the names that VPN clients resolve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.base import files
from runtime.context.change import ApplyContext, Change, ChangeDescription, Sign


@dataclass(frozen=True)
class InstallHostsFile(Change):
    """The DNS server's hosts file does not have the host names of the application files.

    `lost`: the directory that the server's container has mounted was removed.
    """

    file: Path
    content: str
    reason: str
    lost: bool = False
    kind = "install-dns"

    def describe(self) -> ChangeDescription:
        """Return how many names are new and removed."""
        return ChangeDescription(Sign.CHANGED, "dns", self.reason)

    def apply(self, context: ApplyContext) -> str:
        """Write the file; the server reads it again without a restart."""
        files.make_directory(self.file.parent)
        files.write(self.file, self.content)
        return ""
