"""Which version a rollback goes back to."""

from __future__ import annotations

from installer.applications.target import ApplicationService
from installer.deploy import history
from installer.deploy.history import Deployment
from runtime.base.errors import UsageError
from runtime.base.paths import Paths


def choose(paths: Paths, target: ApplicationService, number: int | None) -> Deployment:
    """Return the version with this number, else the one before the present.

    Raises UsageError if there is none, ShoestringError if the history cannot be read.
    """
    past = history.read(paths, target.application, target.service)
    if number is None:
        found = history.before(past, target.image)
        if found is None:
            raise UsageError(
                f"{target.name} has no version before {target.image}. "
                f"All its versions: shoestring history {target.name}"
            )
        return found
    known = next((each for each in past if each.number == number), None)
    if known is None:
        numbers = f"1 to {len(past)}" if past else "none yet"
        raise UsageError(
            f"{target.name} has no deployment {number}; there is {numbers}. See: shoestring history {target.name}"
        )
    return known
