"""The limits of a container that Shoestring defines: no capabilities, read-only, and bounded in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_NO_NEW_PRIVILEGES = "no-new-privileges"
_LOG_FILES = "2"


@dataclass(frozen=True)
class Hardening:
    """The limits of one container, for each of the three ways to start it.

    `memory` is as Docker writes it (`192m`), `processes` also counts threads. `user` is `UID:GID`; empty: that of the
    image. `capabilities` are the only ones that it has. `log_size` is that of each of its two log files (`5m`), for
    what stays: what runs for a moment has no log of its own.
    """

    memory: str
    processes: int
    user: str = ""
    capabilities: tuple[str, ...] = ()
    log_size: str = ""

    def compose_service(self) -> dict[str, Any]:
        """Return the keys of a Compose service that always runs. Their order is that of the generated file."""
        logging = {"driver": "local", "options": {"max-size": self.log_size, "max-file": _LOG_FILES}}
        return {**self.sdk_options(), "restart": "unless-stopped", "logging": logging}

    def run_options(self) -> tuple[str, ...]:
        """Return the options of `docker run` for a program whose output is read as it comes."""
        return (
            *("--cap-drop", "ALL", *(word for each in self.capabilities for word in ("--cap-add", each))),
            *("--security-opt", _NO_NEW_PRIVILEGES, "--read-only", "--log-driver", "none"),
            *("--memory", self.memory, "--pids-limit", str(self.processes)),
            *(("--user", self.user) if self.user else ()),
        )

    def sdk_options(self) -> dict[str, Any]:
        """Return the arguments of `containers.create` of Docker's SDK. The output stays until the removal."""
        return {
            **({"user": self.user} if self.user else {}),
            "cap_drop": ["ALL"],
            **({"cap_add": list(self.capabilities)} if self.capabilities else {}),
            "security_opt": [f"{_NO_NEW_PRIVILEGES}:true"],
            "read_only": True,
            "mem_limit": self.memory,
            "pids_limit": self.processes,
        }
