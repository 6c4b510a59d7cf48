"""Inputs of certificates other than the configuration: those installed, and the ledger of attempts."""

from __future__ import annotations

from runtime.base import light_inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.base.light_inputs import Place

# Below `data/`: users put certificates there, and the ledger decides when the next one is due.
DIRECTORIES = ("haproxy-public-ssl", "haproxy-internal-ssl", "private-ca", "shoestring")


class CertificateInputs(light_inputs.Part):
    """The installed certificates, the private CA and the ledger. When the next is due is in the snapshot's time."""

    name = "certificates"

    def inputs(self, place: Place) -> Iterator[bytes]:
        """Yield the files by their times."""
        for name in DIRECTORIES:
            yield from light_inputs.by_stat(f"{place.root}/data/{name}")
