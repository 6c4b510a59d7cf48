"""What the changes of a project's containers have in common."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.context.change import Change
from runtime.docker.projects import CORE, Project


@dataclass(frozen=True)
class ProjectChange(Change):
    """A change of a project's containers; those of one application count as attempts at the same thing."""

    project: Project

    @property
    def key(self) -> str:
        """Return the application: its restarts and new starts count together."""
        return f"application {self.name}"

    @property
    def fingerprint(self) -> str:
        """Return a digest of the project."""
        return self.project.fingerprint

    @property
    def is_fatal(self) -> bool:
        """Return whether it is the core, without which nothing is served."""
        return self.name == CORE
