"""The generated configuration of the proxies, as the fast path compares them."""

from __future__ import annotations

from pathlib import Path

from runtime.base.light_inputs import Place
from runtime.proxy.light_inputs import ProxyInputs


def test_inputs_change_with_files(tmp_path: Path) -> None:
    place, file = Place(str(tmp_path), ""), tmp_path / "generated/haproxy-public/haproxy.cfg"
    assert tuple(ProxyInputs().inputs(place)) == ()
    file.parent.mkdir(parents=True)
    file.touch()
    first = tuple(ProxyInputs().inputs(place))
    file.write_text("changed")
    assert first not in ((), tuple(ProxyInputs().inputs(place)))
