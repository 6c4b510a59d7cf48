"""The change of a proxy's configuration."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.base.paths import Side
from runtime.context.change import ApplyContext, Change, ChangeDescription, Sign
from runtime.docker.projects import digest
from runtime.proxy import install
from runtime.proxy.container import proxy_image
from runtime.proxy.install import ProxyDifference
from runtime.proxy.model import ProxyModel


@dataclass(frozen=True)
class InstallProxy(Change):
    """A proxy's configuration differs from the one that is installed, or that its process runs.

    With `force` the process loads it even if nothing differs.
    """

    model: ProxyModel
    difference: ProxyDifference
    force: bool = False
    kind = "install-proxy"

    @property
    def side(self) -> Side:
        """Return the side of the proxy."""
        return self.model.side

    def describe(self) -> ChangeDescription:
        """Return what is different, such as the number of new hosts."""
        return ChangeDescription(Sign.CHANGED, f"proxy {self.side}", str(self.difference) or "load again")

    def apply(self, context: ApplyContext) -> str:
        """Render the configuration, have HAProxy check it, install it, and have the running proxy load it."""
        cluster = context.cluster
        image = proxy_image(cluster.settings)
        prepared = install.prepare(cluster.paths, self.model, image, cluster.client)
        reloaded = install.reload(cluster.paths, cluster.run, self.side, force=self.force).reloaded
        parts = [str(prepared.change), "loaded" if reloaded else "", *(each.text for each in prepared.warnings)]
        return ", ".join(part for part in parts if part)

    @property
    def fingerprint(self) -> str:
        """Return a digest of what the configuration is made from."""
        return digest(self.difference.inputs, self.about)
