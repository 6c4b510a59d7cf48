"""The installed certificates, the private CA and the ledger, as the fast path compares them."""

from __future__ import annotations

from pathlib import Path

from runtime.base.light_inputs import Place
from runtime.certificates.light_inputs import CertificateInputs


def test_inputs_change_with_files(tmp_path: Path) -> None:
    place, file = Place(str(tmp_path), ""), tmp_path / "data/private-ca/root.pem"
    assert tuple(CertificateInputs().inputs(place)) == ()
    file.parent.mkdir(parents=True)
    file.touch()
    first = tuple(CertificateInputs().inputs(place))
    file.write_text("changed")
    assert first not in ((), tuple(CertificateInputs().inputs(place)))
