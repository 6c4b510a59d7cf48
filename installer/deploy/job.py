"""A deploy or rollback to carry out: a service, and the image that it shall have."""

from __future__ import annotations

from dataclasses import dataclass

from installer.applications.image_edit import set_image
from installer.applications.target import ApplicationService
from installer.deploy.history import DeploymentKind


@dataclass(frozen=True)
class DeployJob:
    """A target and its new image; `again` is the command that tries the same once more."""

    target: ApplicationService
    image: str
    kind: DeploymentKind
    again: str

    @property
    def is_change(self) -> bool:
        """Return whether the image is another one than now."""
        return self.image != self.target.image

    @property
    def edited(self) -> str:
        """Return the text of the file with the new image. Raises CannotEditError."""
        target = self.target
        return set_image(target.file, target.text, target.service, self.image) if self.is_change else target.text
