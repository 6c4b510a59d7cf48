"""What the internal side depends on: the address of the interface that it follows."""

from __future__ import annotations

from runtime.base import light_inputs
from runtime.network import interfaces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.base.light_inputs import Place


class NetworkInputs(light_inputs.Part):
    """The addresses of interfaces."""

    name = "network"

    def is_recorded(self, place: Place, recorded: Any) -> bool:
        """Return whether an interface still has an address: `recorded` is both, empty where there is none."""
        interface, address = recorded
        return interfaces.has_address(interface, address)
