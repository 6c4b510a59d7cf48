"""Deploys and rollbacks, from the command line to what is served, on real containers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.base import files
from runtime.base.paths import Side
from tests.support.deploy.stand import HOST, Versions, git, images_that_run, log_of, served_version, shoestring
from tests.support.engine import Instance
from tests.support.listing import listed_change


def test_deploy_changes_file_container_and_history(instance: Instance, versions: Versions, blog: Path) -> None:
    file = instance.file(Side.PUBLIC, "a")
    before = file.read_bytes().replace(b"\n", b"\r\n")
    file.write_bytes(before)
    file.chmod(0o640)
    other = instance.add(Side.INTERNAL, "draft", "# not ready\nservices: {application: {image: x}}\n")
    (instance.paths.conf / "notes").write_text("staged by the user")
    git(instance, "add", "notes")
    other.rename(other.with_suffix(".txt"))

    answer = shoestring(instance, "deploy", "a", "2")

    assert (answer.code, answer.err) == (0, "")
    assert f"✓ a runs {versions['2']}" in answer.out
    assert "used as it is on this host" in answer.out
    assert file.read_bytes() == before.replace(versions["1"].encode(), versions["2"].encode())
    assert file.stat().st_mode & 0o7777 == 0o640
    assert served_version(instance) == "2"
    assert log_of(instance)[:3] == [
        f"deploy a: {versions['1']} -> {versions['2']}",
        "edit a: changed by hand",
        "mine",
    ]
    assert git(instance, "show", "--format=%an", "--name-only").split() == [
        "Shoestring",
        "applications-public/a.yaml",
    ]
    assert git(instance, "status", "--porcelain").splitlines() == ["A  notes", "?? applications-internal/draft.txt"]


@pytest.mark.parametrize("order", ["stop-first", "start-first"])
def test_deploy_version_that_exits(instance: Instance, versions: Versions, blog: Path, order: str) -> None:
    blog.write_text(versions.file("1", order))
    before, commits = blog.read_bytes(), len(log_of(instance))

    answer = shoestring(instance, "deploy", "a", "exits")

    assert answer.code == 1
    assert "      | migration needs more\n" in answer.out
    if order == "start-first":
        assert "  ✗ healthy     exited with code 2 after " in answer.out
        assert f"  a still runs {versions['1']}; nothing was changed.\n" in answer.out
    else:
        assert f"  ✗ a does not run with {versions['exits']}\n" in answer.out
        assert f"  a runs {versions['1']} again; a.yaml is as it was.\n" in answer.out
    assert "Try again: shoestring deploy a exits" in answer.out
    assert blog.read_bytes() == before
    assert served_version(instance) == "1"
    assert images_that_run(instance) == [versions["1"]]
    # The user's own edit is committed, the deploy is not.
    assert log_of(instance)[0] == ("mine" if order == "stop-first" else "edit a: changed by hand")
    assert len(log_of(instance)) == commits + (order == "start-first")
    assert instance.start().outcomes == ()


def test_deploy_start_first(instance: Instance, versions: Versions, blog: Path) -> None:
    blog.write_text(versions.file("1", "start-first"))
    said = json.loads(shoestring(instance, "deploy", "a", "2", "--json").out)
    assert (said["ok"], said["order"], said["error"]) == (True, "start-first", "")
    assert [each["name"] for each in said["steps"]] == ["started", "healthy", "watched", "drained"]
    assert served_version(instance) == "2"
    said = json.loads(shoestring(instance, "deploy", "a", "exits", "--json").out)
    assert (said["ok"], said["back"], said["lines"]) == (False, True, ["migration needs more"])
    assert "exited with code 2 after " in said["error"]
    assert served_version(instance) == "2"


def test_deploy_missing_image(instance: Instance, versions: Versions, blog: Path) -> None:
    before = (blog.stat().st_mtime_ns, instance.containers(), log_of(instance))
    answer = shoestring(instance, "deploy", "a", "none")
    assert answer.code == 1
    assert answer.out == f"  ✗ pulled      {versions['none']}\n"
    assert answer.err.startswith(f"{versions['none']} could not be pulled: ")
    assert answer.err.endswith(f"\na still runs {versions['1']}; nothing was changed.\n")
    assert (blog.stat().st_mtime_ns, instance.containers(), log_of(instance)) == before


def test_deploy_dry_run(instance: Instance, versions: Versions, blog: Path) -> None:
    blog.write_text(blog.read_text() + "# not committed\n")
    before = (blog.stat().st_mtime_ns, instance.containers(), log_of(instance))
    answer = shoestring(instance, "deploy", "a", "2", "--dry-run")
    assert answer.code == 0
    assert f"~ a                     image {versions['1']} → {versions['2']}  stop-first\n" in answer.out
    absent = shoestring(instance, "deploy", "a", "9", "--dry-run")
    assert "stop-first  not on this host yet" in absent.out
    seen = json.loads(shoestring(instance, "deploy", "a", "2", "--dry-run", "--json").out)
    assert (seen["image"], seen["previous_image"], seen["order"]) == (versions["2"], versions["1"], "stop-first")
    assert (blog.stat().st_mtime_ns, instance.containers(), log_of(instance)) == before


def test_deploy_same_image(instance: Instance, versions: Versions, blog: Path) -> None:
    again = shoestring(instance, "deploy", "a", "1")
    assert again.code == 0
    assert f"✓ a has {versions['1']} already; nothing to do" in again.out
    name = f"{instance.settings.project('a')}-application-1"
    with listed_change(instance.cluster.client, name):
        instance.cluster.client.api.stop(name, timeout=0)

    answer = shoestring(instance, "deploy", "a", "--image", versions["1"], "--json")

    said = json.loads(answer.out)
    assert answer.code == 0
    assert (said["ok"], said["changed"], said["image"], said["back"]) == (True, True, versions["1"], None)
    assert served_version(instance) == "1"
    assert log_of(instance)[0] == "mine"


def test_deploy_another_service(instance: Instance, versions: Versions, blog: Path) -> None:
    data = f"  data: {{image: {versions['1']}, stop_grace_period: 0s}}  # beside it\n"
    blog.write_text(blog.read_text() + data)
    assert instance.start().ok
    main = images_that_run(instance)
    answer = shoestring(instance, "deploy", "a", "2", "--service", "data")
    assert answer.code == 0
    assert blog.read_text().endswith(data.replace(versions["1"], versions["2"]))
    assert sorted(images_that_run(instance)) == sorted([main[0], versions["2"]])
    assert served_version(instance) == "1"
    listed = json.loads(shoestring(instance, "history", "a", "--service", "data", "--json").out)["deployments"]
    assert [(each["number"], each["kind"], each["current"]) for each in listed] == [
        (2, "deploy", True),
        (1, "edit", False),
    ]
    assert shoestring(instance, "deploy", "a", "2", "--service", "dat").code == 2


def test_deploy_changes_one_application(instance: Instance, versions: Versions, blog: Path) -> None:
    other = instance.add(Side.PUBLIC, "b", versions.file("1").replace(HOST, "b.example.test"))
    assert instance.start().ok
    before = instance.containers()
    other.write_text(other.read_text().replace(versions["1"], versions["3"]))
    answer = shoestring(instance, "deploy", "a", "2")
    assert answer.code == 0
    after = instance.containers()
    assert {name for name in before if before[name] != after[name]} == {
        f"{instance.settings.project('a')}-application-1"
    }
    assert instance.get("b.example.test").body == "1\n"
    assert git(instance, "status", "--porcelain") == "?? applications-public/b.yaml\n"


def test_rollback_and_history(instance: Instance, versions: Versions, blog: Path) -> None:
    for tag in ("2", "3"):
        assert shoestring(instance, "deploy", "a", tag).code == 0

    assert shoestring(instance, "rollback", "a").code == 0
    assert served_version(instance) == "2"
    assert log_of(instance)[0] == f"rollback a: {versions['3']} -> {versions['2']}"
    assert shoestring(instance, "rollback", "a").code == 0
    assert served_version(instance) == "1"
    last = shoestring(instance, "rollback", "a")
    assert last.code == 2
    assert f"a has no version before {versions['1']}." in last.err

    answer = shoestring(instance, "rollback", "a", "--to", "3", "--json")
    assert (answer.code, json.loads(answer.out)["kind"]) == (0, "rollback")
    assert served_version(instance) == "3"
    assert "a has no deployment 99; there is 1 to 6." in shoestring(instance, "rollback", "a", "--to", "99").err
    said = json.loads(shoestring(instance, "history", "a", "--json").out)
    assert [each["image"][-1] for each in said["deployments"]] == ["3", "1", "2", "3", "2", "1"]
    assert [each["current"] for each in said["deployments"]] == [True] + [False] * 5
    lines = shoestring(instance, "history", "a").out.splitlines()
    assert lines[0].split()[:2] == ["*", "6"]
    assert lines[-1].split()[0] == "1"


def test_deploy_without_repository(instance: Instance, versions: Versions, blog: Path) -> None:
    files.remove_tree(instance.paths.conf / ".git")
    answer = shoestring(instance, "deploy", "a", "2")
    assert answer.code == 0
    assert "is not a git repository" in answer.out
    assert served_version(instance) == "2"
    for words in (("rollback", "a"), ("history", "a")):
        refused = shoestring(instance, *words)
        assert refused.code == 1
        assert "is not a git repository, so there is no history of deployments." in refused.err


def test_deploy_invalid_target(instance: Instance, versions: Versions, blog: Path) -> None:
    instance.add(Side.PUBLIC, "broken", "services: 7\n")
    instance.add(Side.PUBLIC, "variable", "services: {application: {image: 'ghost:${TAG}'}}\n")
    refused = {
        ("aa", "2"): (2, "There is no application aa; did you mean a?"),
        ("broken", "2"): (
            1,
            "broken.yaml is broken; nothing was changed. Correct it first:\n  broken.yaml:1 services",
        ),
        ("variable", "2"): (1, "its image has a variable in it"),
        ("a", "x y"): (2, "x y is not a tag"),
        ("a",): (2, "Name one of the two"),
        ("a", "2", "--image", "b"): (2, "Name one of the two"),
    }
    for words, (code, sentence) in refused.items():
        answer = shoestring(instance, "deploy", *words)
        assert (answer.code, sentence in answer.err) == (code, True), answer
    with files.lock(instance.cluster.run.lock):
        assert shoestring(instance, "deploy", "a", "2", "--timeout", "0").code == 3
    assert served_version(instance) == "1"


def test_deploy_without_proxies(instance: Instance, versions: Versions) -> None:
    file = instance.add(Side.PUBLIC, "a", versions.file("1"))
    answer = shoestring(instance, "deploy", "a", "2")
    assert answer.code == 1
    assert "The proxies do not run, so nothing was changed." in answer.err
    assert file.read_text() == versions.file("1")
