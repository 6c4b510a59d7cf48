"""What the firewall and the isolation depend on: their tables, bridges and routes, and where sshd has its ports."""

from __future__ import annotations

import os

from runtime.base import light_inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.base.light_inputs import Place

# Where sshd_config(5) has its ports.
SSH_CONFIGURATION = ("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d")
# The files of rules below `generated/`, and the prefix of the name of the table of each.
FIREWALL, ISOLATION = "firewall.nft", "isolation.nft"
TABLES = {FIREWALL: "shoestring_", ISOLATION: "shoestring-isolation_"}


class FirewallInputs(light_inputs.Part):
    """The generated rules and, where there are any, what they were made from."""

    name = "firewall"

    def inputs(self, place: Place) -> Iterator[bytes]:
        """Yield the files by their times, then the kernel's state. Without rules the kernel is not asked."""
        loaded = [name for name in TABLES if os.path.exists(place.generated(name))]
        for name in TABLES:
            yield from light_inputs.by_stat(place.generated(name))
            yield from light_inputs.by_stat(place.generated(f"{name.removesuffix('.nft')}.listed"))
        if not loaded:
            return
        from runtime.firewall import bridges, kernel_table
        from runtime.network import netlink

        for name in loaded:
            yield from kernel_table.contents(TABLES[name] + os.path.basename(place.run))
        yield from (each.encode() for each in bridges.unclear())
        if FIREWALL not in loaded:
            return
        # Those of containers change, and nothing depends on them.
        lasting = (each for each in netlink.routes() if not bridges.is_dockers(each[0]))
        yield from (" ".join(map(str, each)).encode() for each in lasting)
        for path in SSH_CONFIGURATION:
            yield from light_inputs.by_stat(path)
