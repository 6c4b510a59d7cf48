"""Adding services to the data directory. No container is started."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from installer.services import add, catalogue, service_files
from installer.services.catalogue import Catalogue
from installer.services.plan import plan
from installer.setup import data_directory
from runtime.base.errors import UsageError
from runtime.base.paths import Paths, Side
from runtime.config import secrets, settings
from runtime.config.settings import Settings
from tests.support.builders.data_directory import SETTINGS, git
from tests.support.builders.services import HOST, wanted
from tests.support.interrupt import Interrupt

pytestmark = pytest.mark.processes


def content(paths: Paths) -> dict[str, tuple[str, bytes]]:
    """Return all files and folders of services, without git's own and the values of passwords."""
    found = {}
    for top in (paths.conf, paths.data):
        for path in sorted(top.rglob("*")):
            name = str(path.relative_to(paths.root))
            if not name.startswith("conf/.git/"):
                hidden = path.is_dir() or path == paths.secrets or "ssl" in name or "private-ca" in name
                found[name] = (stat.filemode(path.stat().st_mode), b"" if hidden else path.read_bytes())
    return found


def test_write_new_services_and_commit(made: Paths, known: Catalogue) -> None:
    planned = wanted(made, known, "front")
    assert [each.name for each in planned.new] == ["store", "front"]
    assert planned.memory == 160
    assert [str(each.path) for each in planned.changes] == [
        "store/store.conf",
        "applications-internal/store.yaml",
        "applications-internal/front.yaml",
    ]
    written = add.write(made, planned)
    values = secrets.load(made.secrets)
    assert set(values) == {"STORE_PASSWORD", "STORE_READER"}
    assert written == add.WrittenServices((("STORE_PASSWORD", values["STORE_PASSWORD"]),))
    assert (made.conf / "store" / "store.conf").read_text() == "domain example.com\n"
    application = catalogue.application_file(made, "store").read_text()
    assert "store.internal.example.com" in application
    assert 'GROUP: "77"' in application
    status = (made.data / "store").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 1235, 0o750)
    assert settings.load(made.settings).networks.additional == ("things",)
    assert git(made, "status", "--short") == ""
    assert "Service added: store, front" in git(made, "log", "-1")
    assert not any(value in git(made, "log", "-p") for value in values.values())


def test_write_again_changes_nothing(made: Paths, known: Catalogue) -> None:
    add.write(made, wanted(made, known, "front"))
    before, head, values = content(made), git(made, "rev-parse", "HEAD"), made.secrets.read_text()
    again = wanted(made, known, "front")
    assert again.is_empty
    assert again.new == ()
    assert add.write(made, again) == add.WrittenServices()
    assert (content(made), git(made, "rev-parse", "HEAD"), made.secrets.read_text()) == (before, head, values)


def test_write_restores_missing_parts_and_keeps_data(made: Paths, known: Catalogue) -> None:
    add.write(made, wanted(made, known, "store"))
    kept = secrets.load(made.secrets)["STORE_READER"]
    (made.data / "store" / "value").write_text("mine")
    os.chown(made.data / "store", 0, 0)
    made.secrets.write_text(f"STORE_READER: {kept}\n")
    (made.conf / "store" / "store.conf").unlink()
    again = wanted(made, known, "store")
    assert again.secrets == ("STORE_PASSWORD",)
    assert [str(each.path) for each in again.changes] == ["store/store.conf"]
    add.write(made, again)
    assert (made.data / "store").stat().st_uid == 1234
    assert (made.data / "store" / "value").read_text() == "mine"
    assert secrets.load(made.secrets)["STORE_READER"] == kept


def test_write_keeps_changed_file_and_puts_new_version_beside(made: Paths, known: Catalogue) -> None:
    add.write(made, wanted(made, known, "store"))
    file = catalogue.application_file(made, "store")
    file.write_text(file.read_text() + "# mine\n")
    assert wanted(made, known, "store").is_empty
    template = known["store"].folder / "application.yaml.j2"
    template.write_text("# newer\n" + template.read_text())
    again = wanted(made, known, "store")
    assert [str(each.path) for each in again.changes] == ["applications-internal/store.yaml.new"]
    add.write(made, again)
    assert file.read_text().endswith("# mine\n")
    assert wanted(made, known, "store").is_empty


def test_write_service_that_was_removed_before(made: Paths, known: Catalogue) -> None:
    add.write(made, wanted(made, known, "store"))
    value = secrets.load(made.secrets)["STORE_PASSWORD"]
    catalogue.application_file(made, "store").unlink()
    again = wanted(made, known, "store")
    assert [each.name for each in again.new] == ["store"]
    assert add.write(made, again).shown == ()
    assert catalogue.is_present(made, "store")
    assert secrets.load(made.secrets)["STORE_PASSWORD"] == value


def test_plan_refuses_name_in_use_and_internal_side_off(made: Paths, known: Catalogue) -> None:
    (made.applications(Side.PUBLIC) / "store.yaml").write_text("services: {}\n")
    with pytest.raises(UsageError, match=r"store\.yaml has the name of the service Store"):
        wanted(made, known, "front")
    off = replace(SETTINGS, internal=None)
    with pytest.raises(UsageError, match="on the internal side, and it is off"):
        plan(made, off, (known["store"],), HOST)


def test_create_with_services_equals_later_addition(target: Path, known: Catalogue, made: Paths) -> None:
    add.write(made, plan(made, SETTINGS, catalogue.complete(known, ("front",)), service_files.template_host()))
    twin = Paths(target.with_name("twin"))
    chosen = Settings(**{**vars(SETTINGS), "networks": settings.load(made.settings).networks})
    services = plan(twin, chosen, catalogue.complete(known, ("front",)), service_files.template_host())
    written = data_directory.create(twin, chosen, services, proxy_group=os.getgid())
    assert [name for name, _ in written.shown] == ["STORE_PASSWORD"]
    first, later = content(twin), content(made)
    # Edited in place, or written completely: the same settings in another form.
    assert first.pop("conf/shoestring.yaml")
    assert later.pop("conf/shoestring.yaml")
    assert first == later
    assert settings.load(twin.settings) == settings.load(made.settings)
    assert git(twin, "status", "--short") == ""
    assert git(twin, "rev-list", "--count", "HEAD").strip() == "1"
    assert data_directory.plan_update(twin, chosen).is_empty


@pytest.mark.parametrize("kill", [True, False])
def test_write_completes_after_interruption_at_any_step(
    tmp_path: Path, made: Paths, known: Catalogue, interrupted: Interrupt, kill: bool
) -> None:
    def fresh(name: str) -> Paths:
        return Paths(shutil.copytree(made.root, tmp_path / name))

    whole = fresh("whole")
    add.write(whole, wanted(whole, known, "store"))
    expected = content(whole)
    step = 0
    while True:
        step += 1
        paths = fresh(f"step{step}")
        stopped = interrupted(partial(add.write, paths, wanted(paths, known, "store")), step, kill)
        if catalogue.is_present(paths, "store"):
            # The watchdog may start it now: all its requirements must exist before its file.
            assert set(secrets.load(paths.secrets)) == {"STORE_PASSWORD", "STORE_READER"}
            assert (paths.data / "store").stat().st_uid == 1234
            assert (paths.conf / "store" / "store.conf").exists()
        add.write(paths, wanted(paths, known, "store"))
        left = {name: how for name, how in content(paths).items() if not name.endswith(".part")}
        assert left == expected, f"interrupted at step {step}"
        assert set(secrets.load(paths.secrets)) == {"STORE_PASSWORD", "STORE_READER"}
        if not stopped:
            break
    assert step > 10
