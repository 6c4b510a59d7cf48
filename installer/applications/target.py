"""One service of one application, found by name, with the image that its file has now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.base.errors import ShoestringError, UsageError
from runtime.base.schema import suggestion
from runtime.config.applications import PROXIED_SERVICE, Application, Order
from runtime.config.compose_file import ComposeService
from runtime.reconcile.desired import Desired


@dataclass(frozen=True)
class ApplicationService:
    """One service of a valid application file, with its image as written there."""

    application: Application
    service: str
    image: str

    @property
    def name(self) -> str:
        """Return the application's name."""
        return self.application.name

    @property
    def file(self) -> Path:
        """Return the application's file."""
        return self.application.file

    @property
    def text(self) -> str:
        """Return the text of the file as it was read, with its own line endings."""
        return self.application.document.text

    @property
    def order(self) -> Order:
        """Return the rollout order; only the proxied service can start beside its old version."""
        return self.application.rollout.order if self.service == PROXIED_SERVICE else Order.STOP_FIRST


def find(desired: Desired, name: str, service: str = "") -> ApplicationService:
    """Return one service of an application: the one that is named, else `application`, else the only one.

    Raises UsageError if there is none of that name, ShoestringError if the file is broken.
    """
    broken = next((each for each in desired.broken if each.name == name), None)
    if broken:
        problems = "\n".join(f"  {problem}" for problem in broken.problems)
        raise ShoestringError(f"{broken.file} is broken; nothing was changed. Correct it first:\n{problems}")
    application = next((each for each in desired.applications if each.name == name), None)
    if application is None:
        known = sorted(each.name for each in desired.applications)
        near = suggestion(name, known)
        raise UsageError(f"There is no application {name}{near or '.'} List them: shoestring status")
    if application.file.is_symlink():
        raise ShoestringError(
            f"{application.file} is a symbolic link. Edit the file that it points to, then: shoestring start"
        )
    found = _service(application, service)
    if not found.image:
        raise UsageError(
            f"The service {found.name} of {name} has no image; it is built. Change it, then: shoestring start"
        )
    return ApplicationService(application, found.name, found.image)


def _service(application: Application, name: str) -> ComposeService:
    services = {each.name: each for each in application.services}
    if not name and len(services) == 1:
        return next(iter(services.values()))
    found = services.get(name or PROXIED_SERVICE)
    if found is None:
        requested = f"service {name}" if name else f"service named {PROXIED_SERVICE}; name one with --service"
        raise UsageError(f"{application.name} has no {requested}. It has: {', '.join(services)}.")
    return found
