"""The progress of a deploy, as its listener receives it."""

from __future__ import annotations

from installer.deploy.job import DeployJob
from installer.images import Progress
from installer.images.refresh import RefreshedImage
from runtime.context.change import Change, Listener, Step


class DeploySteps(Listener):
    """The listener for each step and change of a deploy; this one prints nothing.

    `taken` are the steps of the rollout; there are none where Compose itself makes the change.
    """

    def __init__(self) -> None:
        self.taken: list[Step] = []

    def step(self, change: Change, step: Step) -> None:
        """Save a step of the rollout."""
        self.taken.append(step)

    def pulling(self, progress: Progress) -> None:
        """Receive the progress of the pull."""

    def fetched(self, fetched: RefreshedImage) -> None:
        """Note that the image is on this host."""

    def not_fetched(self, image: str) -> None:
        """Note that the image could not be pulled; the error that ends the command explains why."""

    def rolling_back(self, job: DeployJob) -> None:
        """Note that the new version does not run, and that the old one is put back."""
