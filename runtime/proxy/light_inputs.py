"""Inputs of the proxies other than the configuration: the files that they have loaded."""

from __future__ import annotations

from runtime.base import light_inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.base.light_inputs import Place

SIDES = ("public", "internal")


class ProxyInputs(light_inputs.Part):
    """The generated configuration of both proxies."""

    name = "proxy"

    def inputs(self, place: Place) -> Iterator[bytes]:
        """Yield the generated files by their times, also a candidate that a check left behind."""
        for side in SIDES:
            yield from light_inputs.by_stat(place.generated(f"haproxy-{side}"))
            yield from light_inputs.by_stat(place.generated(f"candidate-{side}"))
