"""The fast path of the watchdog: only if nothing at all differs, and then with one request to the engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from runtime.base import files
from runtime.base.light_inputs import Place
from runtime.base.paths import Side
from runtime.docker.light_inputs import ENGINE_VARIABLES
from runtime.reconcile import fast_path, fast_path_record
from tests.support.engine import Instance, plain, until
from tests.support.listing import listed_change

DIFFERENCES: dict[str, Callable[[Instance], object]] = {
    "an edit": lambda it: it.add(Side.PUBLIC, "a", it.file(Side.PUBLIC, "a").read_text().replace("[a]", "[z]")),
    "a new file": lambda it: it.add(Side.INTERNAL, "c", "services: {application: {image: none}}\n"),
    "a removed file": lambda it: it.file(Side.PUBLIC, "b").unlink(),
    "a secret": lambda it: files.write(it.paths.secrets, "A: b\n", 0o600),
    "a template": lambda it: it.paths.proxy_template(Side.PUBLIC).write_text("# nothing\n"),
    "a setting": lambda it: it.paths.settings.write_text(it.paths.settings.read_text() + "# a comment\n"),
    "a generated file": lambda it: it.paths.core_compose.write_text("services: {}\n"),
    "a stopped container": lambda it: by_hand(it, "stop", "-t", "0"),
    "a removed container": lambda it: by_hand(it, "rm", "-f"),
    "a paused container": lambda it: by_hand(it, "pause"),
    "a network": lambda it: by_hand(it, "network", "disconnect", it.settings.docker_network("main")),
    "one more container": lambda it: docker(
        *("run", "-d", "--label", f"shoestring.instance={it.settings.instance}", "--entrypoint", "sleep"),
        *(it.cluster.client.api.inspect_container(it.container("a"))["Image"], "60"),
    ),
    "an invalid snapshot": lambda it: (it.paths.generated / fast_path.SNAPSHOT).write_text("[1"),
    "no snapshot": lambda it: (it.paths.generated / fast_path.SNAPSHOT).unlink(),
    "a link to nowhere": lambda it: (it.paths.applications(Side.PUBLIC) / ".#a.yaml").symlink_to("nowhere"),
    "the generated files": lambda it: shutil.rmtree(it.paths.generated),
    "a stop by the user": lambda it: it.cluster.run.stopped.write_text(""),
}


def docker(*arguments: str) -> None:
    subprocess.run(("docker", *arguments), check=True, capture_output=True)


def by_hand(instance: Instance, *arguments: str) -> None:
    """Do something to the container of `a`, as a user would with Docker's own command."""
    name = instance.container("a")
    with listed_change(instance.cluster.client, name):
        docker(*arguments, name)


def test_fast_path_after_start(served: Instance) -> None:
    argv = (
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "runtime",
        "--data-directory",
        str(served.paths.root),
        "watchdog",
    )
    before = {file: file.stat().st_mtime_ns for file in served.paths.root.rglob("*")}
    ended = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert ended.stdout == "  Nothing to do: everything runs as configured.\n"
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "runtime.reconcile.fast_path" in imported
    assert not imported & {"docker", "yaml", "runtime.cli", "subprocess", "dataclasses", "typing", "pathlib"}
    assert {file: file.stat().st_mtime_ns for file in served.paths.root.rglob("*")} == before


def test_fast_path_ends_with_any_difference(served: Instance) -> None:
    """Each difference ends the fast path, and its repair restores it."""
    root = str(served.paths.root)
    for name, make_difference in DIFFERENCES.items():
        assert fast_path.is_unchanged(root), f"before {name}"
        contents = {file: file.read_bytes() for file in served.paths.root.rglob("*") if file.is_file()}
        make_difference(served)
        assert not fast_path.is_unchanged(root), name
        for file in [file for file in served.paths.conf.rglob("*") if not file.is_dir() and file not in contents]:
            file.unlink()
        for file, content in contents.items():
            if served.paths.conf in file.parents:
                file.write_bytes(content)
        label: dict[str, str | list[str] | bool] = {"label": f"shoestring.instance={served.settings.instance}"}
        for container in served.cluster.client.containers.list(all=True, filters=label):
            if "com.docker.compose.project" not in container.labels:
                container.remove(force=True)
        until(served.start, lambda report: report.ok)


def test_fast_path_inputs_include_generated_files(served: Instance) -> None:
    place = Place(str(served.paths.root), str(served.cluster.run.directory))
    generated = [each for each in served.paths.generated.rglob("*") if each.is_file()]
    assert len(generated) > 5
    for file in generated:
        before = fast_path.inputs(place)
        os.utime(file)
        assert (fast_path.inputs(place) == before) == (file.name == fast_path.SNAPSHOT), file


def test_fast_path_removes_snapshot_of_previous_version(served: Instance) -> None:
    old = served.paths.generated / fast_path.OLD_SNAPSHOT
    old.write_text("{}")
    fast_path_record.invalidate(served.cluster)
    assert served.start().ok
    assert fast_path.is_unchanged(str(served.paths.root))
    assert not old.exists()


@pytest.mark.parametrize("variable", ENGINE_VARIABLES)
def test_fast_path_ends_with_another_engine(served: Instance, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    root = str(served.paths.root)
    assert fast_path.is_unchanged(root)
    monkeypatch.setenv(variable, "elsewhere")
    assert not fast_path.is_unchanged(root)


def test_fast_path_ends_with_unhealthy_container(instance: Instance, tools: str) -> None:
    more = "    healthcheck: {test: [CMD, test, '!', -e, /dev/shm/sick], interval: 1s, retries: 1}\n"
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test", more=more))
    assert instance.start().ok
    until(lambda: fast_path.is_unchanged(str(instance.paths.root)), bool)
    docker("exec", instance.container("a"), "touch", "/dev/shm/sick")
    until(lambda: not fast_path.is_unchanged(str(instance.paths.root)), bool)


def test_fast_path_while_another_command_runs(served: Instance) -> None:
    root = str(served.paths.root)
    with files.lock(served.cluster.run.lock):
        assert not fast_path.is_unchanged(root)
    assert fast_path.is_unchanged(root)
