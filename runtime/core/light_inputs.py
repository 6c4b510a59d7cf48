"""Inputs of the core other than the configuration: its generated files."""

from __future__ import annotations

from runtime.base import light_inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.base.light_inputs import Place


class CoreInputs(light_inputs.Part):
    """The Compose file of the proxies, and the host names of the resolver."""

    name = "core"

    def inputs(self, place: Place) -> Iterator[bytes]:
        """Yield the generated files by their times."""
        yield from light_inputs.by_stat(place.generated("core.compose.yaml"))
        yield from light_inputs.by_stat(place.generated("names"))
