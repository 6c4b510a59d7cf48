"""From application files to served pages, with both proxies and applications of different kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.context.results import Code
from runtime.reconcile import operations, wait
from runtime.reconcile.snapshot import Snapshot
from tests.support.clients.websocket import open_websocket
from tests.support.engine import LOOPBACK, Instance, free_port, no_trust, plain, service, tcp_echo, until

BROKEN = "x-external-host-name: [broken.internal.example.test]\nservices: {application: {image: none}}\n"


def host_names_that_serve(instance: Instance, side: Side, names: list[str]) -> set[str]:
    return {name for name in names if instance.get(name, side=side).status == 200}


def test_start_applications_of_different_kinds(instance: Instance, tools: str) -> None:
    port = free_port()
    instance.add(Side.PUBLIC, "plain", plain(tools, "plain", "plain.example.test", "'*.wild.example.test'"))
    data = f"  data:\n    image: {tools}\n    command: [data]\n    stop_grace_period: 0s\n"
    instance.add(Side.PUBLIC, "two", plain(tools, "two", "two.example.test", more=data))
    instance.add(Side.PUBLIC, "socket", plain(tools, "socket", "socket.example.test"))
    instance.add(Side.INTERNAL, "tcp", f"x-external-tcp-ports: ['{port}:9000']\n{service(tools, 'tcp')}")
    instance.add(Side.INTERNAL, "broken", BROKEN)

    report = instance.start()

    assert [str(problem) for problem in report.problems] == [
        "broken.yaml:1 x-external-host-name: unknown key; did you mean x-external-host-names?"
    ]
    assert all(outcome.ok for outcome in report.outcomes)
    assert report.failures == ()
    assert instance.wait("plain.example.test").body == "plain\n"
    assert instance.get("a.wild.example.test").body == "plain\n"
    assert instance.wait("two.example.test", path="/ask?http://data:8080/").body == "data\n"
    assert instance.settings.public
    assert instance.settings.internal
    with open_websocket("socket.example.test", instance.settings.public.https_port, no_trust()) as websocket:
        websocket.send("hello")
        assert websocket.recv() == "hello"
    assert until(lambda: tcp_echo(port, b"raw bytes"), bool) == b"raw bytes"

    everywhere = [
        *("plain.example.test", "a.wild.example.test", "two.example.test", "socket.example.test"),
        *("data", "tcp", "tcp.internal.example.test", "broken.internal.example.test", "example.test", LOOPBACK),
        *("plain.example.test.evil.org", "b.a.wild.example.test", "wild.example.test"),
    ]
    assert host_names_that_serve(instance, Side.PUBLIC, everywhere) == set(everywhere[:4])
    assert host_names_that_serve(instance, Side.INTERNAL, everywhere) == set()
    index = instance.get("internal.example.test", side=Side.INTERNAL)
    assert index.status == 200
    assert all(name in index.body for name in ("plain.example.test", "two.example.test", "socket.example.test"))


def test_start_again_changes_nothing(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    assert instance.start().ok
    before = instance.containers()
    files = {file: file.stat().st_mtime_ns for file in instance.paths.root.rglob("*") if file.is_file()}

    report = instance.start()

    assert report.ok
    assert report.outcomes == ()
    assert instance.containers() == before
    assert {file: file.stat().st_mtime_ns for file in instance.paths.root.rglob("*") if file.is_file()} == files


def test_stop_and_start(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    instance.start()
    instance.wait("a.example.test")

    assert operations.stop(instance.cluster).ok

    assert instance.containers() == {}
    assert Snapshot(instance.cluster).observed.containers == ()
    name = instance.settings.docker_network("main")
    assert instance.cluster.client.networks.list(names=[name]) == []
    assert operations.stop(instance.cluster).outcomes == ()
    assert instance.start().ok
    assert instance.wait("a.example.test").body == "a\n"


def test_stop_keeps_network_with_foreign_container(instance: Instance, tools: str) -> None:
    instance.start()
    network = instance.settings.docker_network("main")
    guest = instance.cluster.client.containers.run(tools, ["guest"], detach=True, network=network)
    try:
        report = operations.stop(instance.cluster)
        assert report.ok
        kept = [outcome.detail for outcome in report.outcomes if outcome.change.name == network]
        assert kept == [f"kept; {guest.name} still uses it"]
        guest.reload()
        assert guest.status == "running"
    finally:
        guest.remove(force=True)


def test_start_applies_only_edited_application(instance: Instance, tools: str) -> None:
    first = instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    instance.add(Side.PUBLIC, "b", plain(tools, "b", "b.example.test"))
    assert instance.start().ok
    before = instance.containers()

    first.write_text("# a comment\n" + first.read_text())
    assert instance.start().outcomes == ()

    first.write_text(first.read_text().replace("a.example.test", "a.example.test, c.example.test"))
    # The internal proxy has the page that lists all host names.
    assert [outcome.change.name for outcome in instance.start().outcomes] == ["proxy public", "proxy internal"]
    assert instance.wait("c.example.test").body == "a\n"
    assert instance.containers() == before

    first.write_text(first.read_text().replace("[a]", "[changed]"))
    assert [outcome.change.name for outcome in instance.start().outcomes] == ["a"]
    assert instance.wait("a.example.test").body == "changed\n"
    after = instance.containers()
    assert [name.split("-")[0] for name in before if before[name] != after.get(name)] == [
        instance.settings.project("a")
    ]


def test_start_invalid_file_keeps_everything_running(instance: Instance, tools: str) -> None:
    good = plain(tools, "a", "a.example.test")
    file = instance.add(Side.PUBLIC, "a", good)
    instance.add(Side.PUBLIC, "b", plain(tools, "b", "b.example.test"))
    assert instance.start().ok
    before = instance.containers()

    for garbage in ("a: [", "", "\0", "services: 7\n"):
        file.write_text(garbage)
        report = instance.start()
        assert not report.ok
        assert {problem.file for problem in report.problems} == {file}
        assert report.outcomes == ()
        assert instance.get("a.example.test").body == "a\n"
        assert instance.get("b.example.test").body == "b\n"
    assert instance.containers() == before

    file.write_text(good)
    assert instance.start().ok


def test_start_file_refused_by_compose(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", "services: {application: {image: x, no-such-key: 1}}\n")
    instance.add(Side.PUBLIC, "b", plain(tools, "b", "b.example.test"))

    report = instance.start()

    (failed,) = [outcome for outcome in report.outcomes if not outcome.ok]
    assert failed.change.name == "a"
    assert "no-such-key" in failed.error
    assert instance.wait("b.example.test").body == "b\n"


def test_start_reports_exited_container(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", f"services: {{application: {{image: {tools}, entrypoint: ['false']}}}}\n")
    report = instance.start()
    assert [str(failure).split(". ")[0] for failure in report.failures] == ["a: application is exited"]


def test_start_reports_wrong_port(instance: Instance, tools: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "PATIENCE_SECONDS", 3.0)
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test").replace("port: 8080", "port: 8085"))
    assert "a: it runs, but does not answer the proxy at port 8085" in str(instance.start().failures[0])


def test_reload_invalid_template_keeps_configuration(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    assert instance.start().ok
    template = instance.paths.proxy_template(Side.PUBLIC)
    good = template.read_text()

    for line, message in (("    no-such-keyword yes\n", "no-such-keyword"), ("{{ nothing.like_this }}\n", "nothing")):
        template.write_text(good.replace("frontend _web\n", f"frontend _web\n{line}"))
        report = operations.reload(instance.cluster, (Side.PUBLIC,))
        (outcome,) = report.outcomes
        assert not outcome.ok
        assert message in outcome.error
        assert f"haproxy.cfg.j2:{good[: good.index('frontend _web')].count(chr(10)) + 2}" in outcome.error
        assert instance.get("a.example.test").body == "a\n"

    template.write_text(good)
    assert operations.reload(instance.cluster, (Side.PUBLIC,)).outcomes == ()


def test_start_removes_application_of_deleted_file(instance: Instance, tools: str) -> None:
    file = instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    instance.add(Side.PUBLIC, "b", plain(tools, "b", "b.example.test"))
    assert instance.start().ok
    file.unlink()

    assert instance.start().ok

    assert instance.get("a.example.test").status == 404
    assert instance.get("b.example.test").body == "b\n"
    assert not any("_a-" in name for name in instance.containers())


def test_start_blocks_removal_of_all_files(instance: Instance, tools: str) -> None:
    files = [instance.add(Side.PUBLIC, name, plain(tools, name, f"{name}.example.test")) for name in ("a", "b")]
    assert instance.start().ok
    before = instance.containers()
    for file in files:
        file.unlink()

    report = instance.start()

    assert not report.ok
    assert [(each.code, each.subject) for each in report.blocked] == [(Code.ALL_FILES_REMOVED, "public")]
    assert instance.containers() == before


def test_start_foreign_network_of_same_name(instance: Instance) -> None:
    name = instance.settings.docker_network("main")
    network = instance.cluster.client.networks.create(name, driver="bridge")
    try:
        with pytest.raises(ShoestringError, match=f"The Docker network {name} exists and is not Shoestring's"):
            instance.start()
        assert instance.containers() == {}
        operations.stop(instance.cluster)
        assert instance.cluster.client.networks.list(names=[name])
    finally:
        network.remove()


def test_start_two_instances(instance: Instance, tools: str, tmp_path: Path) -> None:
    from tests.support.engine import new_settings

    other = Instance(tmp_path / "other", new_settings())
    try:
        for each, name in ((instance, "one"), (other, "two")):
            each.add(Side.PUBLIC, "a", plain(tools, name, "a.example.test"))
            assert each.start().ok
        assert instance.wait("a.example.test").body == "one\n"
        assert other.wait("a.example.test").body == "two\n"
        operations.stop(other.cluster)
        assert instance.get("a.example.test").body == "one\n"
    finally:
        other.close()


def test_status_of_running_and_broken_applications(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    instance.add(Side.INTERNAL, "broken", BROKEN)
    assert [each.state for each in operations.status(instance.cluster).applications] == ["missing", "broken"]
    instance.start()
    status = operations.status(instance.cluster)
    assert [(each.name, each.state) for each in status.applications] == [("a", "running"), ("broken", "broken")]
    assert all(each.state == "running" for each in status.proxies)
    assert status.applications[0].since
    assert "did you mean x-external-host-names?" in status.applications[1].problems[0].message
