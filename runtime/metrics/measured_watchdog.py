"""The watchdog, with its metrics exported: what `watchdog` runs."""

from __future__ import annotations

from runtime.context.change import SILENT, Listener
from runtime.context.cluster import Cluster
from runtime.context.results import Report
from runtime.metrics import export
from runtime.reconcile import watchdog


def watch(cluster: Cluster, listener: Listener = SILENT) -> Report:
    """Run the watchdog as runtime/reconcile/watchdog.py does, and export what it found and what it left behind."""
    return watchdog.watch(cluster, listener, export.export)
