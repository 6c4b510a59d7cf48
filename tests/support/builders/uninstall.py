"""A plan of a removal as data."""

from __future__ import annotations

from pathlib import Path

from installer.uninstall.run import UninstallPlan
from runtime.reconcile.changes import RemoveNetwork, RemoveProject

PLAN = UninstallPlan(
    units=("shoestring.service",),
    changes=(RemoveProject("blog", "shoestring_blog", "stop"), RemoveNetwork("shoestring_main", "1")),
    tasks=("0123456789abcdef",),
    images=("localhost/shoestring/haproxy:1",),
    volumes=(),
    vpn=("wg0",),
    firewall=True,
    swap=True,
    daemon="restored",
    is_default=True,
    directory=Path("/srv/shoestring"),
    purge=False,
    others=(),
    cron=(),
)
