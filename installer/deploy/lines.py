"""The steps of a deploy as lines."""

from __future__ import annotations

from installer.deploy.job import DeployJob
from installer.deploy.steps import DeploySteps
from installer.images import Progress
from installer.images.refresh import RefreshedImage
from installer.terminal.progress import ProgressLines
from runtime.context.change import Change, Outcome, Step

NAME_WIDTH = 10


class StepLines(DeploySteps):
    """Print each completed step, and show the current one on a terminal."""

    def __init__(self, lines: ProgressLines) -> None:
        super().__init__()
        self._lines = lines

    def waiting(self, holder: str) -> None:
        """Print the command that it waits for."""
        self._lines.say(f"  Waiting for another command ({holder}).")

    def pulling(self, progress: Progress) -> None:
        """Show how far the pull is."""
        part = f"{progress.done * 100 // progress.total} %  " if progress.total else ""
        self._lines.passing("pulling", f"{progress.image}  {part}{progress.line}")

    def fetched(self, fetched: RefreshedImage) -> None:
        """Print where the image comes from."""
        self._step("pulled" if fetched.pulled else "present", fetched.image, fetched.seconds)
        if fetched.note:
            self._lines.note(fetched.note)

    def not_fetched(self, image: str) -> None:
        """Print that the image could not be pulled; the error that follows explains why."""
        self._lines.say(f"  ✗ {'pulled':<{NAME_WIDTH}}  {image}")

    def begin(self, change: Change) -> None:
        """Show what is being changed."""
        self._lines.passing(change.name, change.about)

    def step(self, change: Change, step: Step) -> None:
        """Print a step of the rollout."""
        super().step(change, step)
        self._step(step.name, step.about, step.seconds, ok=step.ok)
        self._lines.passing("rolling out", change.name)

    def done(self, outcome: Outcome) -> None:
        """Print a completed change, unless its steps show it; why one failed is printed at the end."""
        name, about = outcome.change.name, outcome.detail or outcome.change.about
        if outcome.ok and not self.taken:
            self._step("applied", f"{name}  {about}", outcome.seconds)
        self._lines.passing("waiting", f"until {name} runs and can be reached")

    def rolling_back(self, job: DeployJob) -> None:
        """Show that the old version is put back."""
        self._lines.passing("back", f"to {job.target.image}")

    def _step(self, name: str, about: str, seconds: float, *, ok: bool = True) -> None:
        self._lines.say(f"  {'✓' if ok else '✗'} {name:<{NAME_WIDTH}}  {about}  {seconds:.1f} s")
