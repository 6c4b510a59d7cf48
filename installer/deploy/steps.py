"""What a deploy tells while it goes on."""

from __future__ import annotations

from installer.deploy.job import Job
from installer.images import Progress
from installer.images.refresh import RefreshedImage
from runtime.context.change import Change, Listener, Step


class Steps(Listener):
    """Hears of each step of a deploy, and of the changes that are made; this one says nothing.

    `taken` are the steps of the rollout; there are none where Compose itself makes the change.
    """

    def __init__(self) -> None:
        self.taken: list[Step] = []

    def step(self, change: Change, step: Step) -> None:
        """Remember a step of the rollout."""
        self.taken.append(step)

    def pulling(self, progress: Progress) -> None:
        """How far the pull is."""

    def fetched(self, fetched: RefreshedImage) -> None:
        """The image is on this host."""

    def not_fetched(self, image: str) -> None:
        """The image cannot be had; the error that ends the command says why."""

    def going_back(self, job: Job) -> None:
        """The new version does not run; the old one is put back."""
