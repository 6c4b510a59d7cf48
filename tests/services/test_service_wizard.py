"""The wizard's question for services in a terminal, with a faked memory of the host."""

from __future__ import annotations

import sys
from pathlib import Path

import pexpect

from tests.support.builders.services import known
from tests.support.engine import new_settings
from tests.support.terminal import spawn

ENTER, DOWN, SPACE, STOP = "\r", "\x1b[B", " ", "\x03"
SECONDS = 30
ASK = """
import sys
from pathlib import Path
from installer.host import memory
from installer.host.memory import HostMemory
from installer.services import catalogue
from installer.setup import service_choice
from runtime.base.constants import MEGABYTE
from runtime.base.errors import explain
from runtime.base.paths import Paths
from runtime.config.settings import Settings
catalogue.FOLDER = Path(sys.argv[1])
memory.observe_host = lambda: HostMemory(1000 * MEGABYTE, int(sys.argv[3]) * MEGABYTE)
settings = Settings(domain="example.test", email="ops@example.test")
try:
    planned = service_choice.choose(Paths(Path(sys.argv[2])), settings, (), asks=True, first=sys.argv[4] == "first")
    print("new:", ",".join(each.name for each in planned.new), ".")
except Exception as error:
    print(explain(error)[0])
"""


def ask(tmp_path: Path, available: int, *there: str) -> pexpect.spawn[str]:
    """Show the question in a terminal, with `available` MB of memory and some services present."""
    services, root = tmp_path / "services", tmp_path / new_settings().instance
    known(services)
    for name in there:
        file = root / "conf" / "applications-internal" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("services: {}\n")
    return spawn(
        (sys.executable, "-c", ASK, str(services), str(root), str(available), "again" if there else "first"), SECONDS
    )


def press(terminal: pexpect.spawn[str], *keys: str) -> None:
    for key in keys:
        terminal.send(key)


def test_suggested_services_selected(tmp_path: Path) -> None:
    terminal = ask(tmp_path, 1000)
    terminal.expect_exact("Internal services")
    terminal.expect_exact("● Store + Beside   90 MB  keeps things")
    terminal.expect_exact("○ Front           100 MB  shows things")
    press(terminal, ENTER)
    terminal.expect_exact("Store + Beside")
    terminal.expect_exact("new: store,beside .")


def test_required_service_added(tmp_path: Path) -> None:
    terminal = ask(tmp_path, 1000)
    terminal.expect_exact("○ Front")
    press(terminal, SPACE, DOWN, SPACE, ENTER)
    terminal.expect_exact("new: store,front .")


def test_services_not_fitting_together_asked_again(tmp_path: Path) -> None:
    # 64 for the core, 64 that must stay free, and 170 for services.
    terminal = ask(tmp_path, 64 + 64 + 170)
    terminal.expect_exact("does not fit with the others: 80 MB left")
    press(terminal, DOWN, SPACE, ENTER)
    terminal.expect_exact("Store with Beside and Front needs 190 MB; 234 MB of 1000 MB are left")
    terminal.expect_exact("you can add others later.")
    # The selection is kept; color codes may be in between.
    terminal.expect(r"●[^\n]*Front")
    press(terminal, SPACE, ENTER)
    terminal.expect_exact("new: store,front .")


def test_service_not_fitting_cannot_be_selected(tmp_path: Path) -> None:
    terminal = ask(tmp_path, 64 + 64 + 90)
    terminal.expect_exact("Front           100 MB (does not fit: 90 MB left)")
    press(terminal, DOWN, SPACE, SPACE, ENTER)
    terminal.expect_exact("new: store,beside .")


def test_present_service_kept_when_deselected(tmp_path: Path) -> None:
    terminal = ask(tmp_path, 1000, "store", "beside")
    terminal.expect_exact("● Store + Beside")
    terminal.expect_exact("already added")
    press(terminal, SPACE, ENTER)
    terminal.expect_exact("Store + Beside stays. To remove it: shoestring service remove store beside")
    # It is not the default instance.
    terminal.expect(rf"--data-directory\s+{tmp_path}")
    terminal.expect_exact("new:  .")


def test_question_interrupted(tmp_path: Path) -> None:
    terminal = ask(tmp_path, 1000)
    terminal.expect_exact("Internal services")
    press(terminal, STOP)
    terminal.expect_exact("Stopped; nothing was written.")
