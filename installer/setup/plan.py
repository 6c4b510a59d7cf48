"""What a setup is given, what it plans, and what came of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from installer.services.plan import ServicePlan
from installer.setup.data_directory import DirectoryUpdate
from installer.setup.host_setup import HostChoice, HostPlan
from runtime.base.errors import ExitCode
from runtime.base.paths import DEFAULT_DIRECTORY_FILE, Paths
from runtime.config.settings import Settings
from runtime.context.results import Report


@dataclass(frozen=True)
class SetupOptions:
    """The options of `shoestring setup`. With `make_default`, its path is saved in `default_file`.

    Without `host`, nothing of the host is changed but the data directory and Docker's containers. With `json`,
    nothing is asked, and standard output is left to the result.
    """

    data_directory: Path | None = None
    answers: Path | None = None
    defaults: bool = False
    yes: bool = False
    start: bool = True
    dry_run: bool = False
    make_default: bool = True
    default_file: Path = DEFAULT_DIRECTORY_FILE
    host: HostChoice | None = None
    json: bool = False

    @property
    def asks(self) -> bool:
        """Return whether to ask questions: neither an answers file nor --defaults is given."""
        return self.answers is None and not self.defaults


@dataclass(frozen=True)
class SetupPlan:
    """The plan of a setup: a new data directory, or an update of the present one."""

    paths: Paths
    settings: Settings
    present: Settings | None
    update: DirectoryUpdate | None
    services: ServicePlan = ServicePlan()
    host: HostPlan = HostPlan()

    @property
    def is_nothing(self) -> bool:
        """Return whether no file changes."""
        return self.update is not None and self.update.is_empty and self.services.is_empty


@dataclass(frozen=True)
class SetupOutcome:
    """The outcome of a setup: `report` is of the start, None without one; `notes` are sentences for the user.

    Without `written`, nothing was done: by a dry run, or because the user did not confirm. `is_default`: commands
    find the data directory without an option.
    """

    plan: SetupPlan
    written: bool = False
    is_default: bool = False
    report: Report | None = None
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code of the command."""
        return ExitCode.DONE if self.report is None or self.report.ok else ExitCode.FAILED
