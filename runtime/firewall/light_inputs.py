"""What the firewall depends on: the kernel's rules, bridges and routes, and where sshd has its ports."""

from __future__ import annotations

import os

from runtime.base import light_inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.base.light_inputs import Place

# Where sshd_config(5) has its ports.
SSH_CONFIGURATION = ("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d")


class FirewallInputs(light_inputs.Part):
    """The generated rules and, where there are any, what they were made from."""

    name = "firewall"

    def inputs(self, place: Place) -> Iterator[bytes]:
        """Yield the files by their times, then the kernel's state. Without rules the kernel is not asked."""
        rules = place.generated("firewall.nft")
        yield from light_inputs.by_stat(rules)
        yield from light_inputs.by_stat(place.generated("firewall.listed"))
        if not os.path.exists(rules):
            return
        from runtime.firewall import bridges, generation
        from runtime.network import netlink

        yield from (each.encode() for each in (str(generation.current()), *bridges.unclear()))
        # Those of containers come and go, and nothing depends on them.
        lasting = (each for each in netlink.routes() if not bridges.is_dockers(each[0]))
        yield from (" ".join(map(str, each)).encode() for each in lasting)
        for path in SSH_CONFIGURATION:
            yield from light_inputs.by_stat(path)
