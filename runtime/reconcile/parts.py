"""The parts of the system whose inputs the fast path compares. A part that plans changes is in this list."""

from __future__ import annotations

from runtime.certificates.light_inputs import CertificateInputs
from runtime.config.light_inputs import ConfigInputs
from runtime.core.light_inputs import CoreInputs
from runtime.docker.light_inputs import DockerInputs
from runtime.firewall.light_inputs import FirewallInputs
from runtime.network.light_inputs import NetworkInputs
from runtime.proxy.light_inputs import ProxyInputs
from runtime.reconcile.light_inputs import WatchdogInputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.base.light_inputs import Part

# The cheap ones first: the first difference ends it. The engine is asked last.
PARTS: tuple[Part, ...] = (
    WatchdogInputs(),
    ConfigInputs(),
    CertificateInputs(),
    CoreInputs(),
    ProxyInputs(),
    FirewallInputs(),
    NetworkInputs(),
    DockerInputs(),
)
