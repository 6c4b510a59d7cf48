"""Putting a configuration in force on a real engine: checked, loaded without loss, and the last good one stays."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.docker.images import LOCAL_REPOSITORY
from runtime.proxy import check, install, sockets
from runtime.proxy.model import ProxyModel
from runtime.proxy.render import TemplateError
from tests.support.clients.websocket import open_websocket
from tests.support.proxy.backends import TCP_PORT
from tests.support.proxy.stand import Stand, backend, open_stand, template, trusting, until, with_backend

pytestmark = pytest.mark.engine

RELOADS = 6
STARTS = 3
CLIENTS = 8
IDLE_SECONDS = 0.03


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with open_stand(tmp_path_factory.mktemp("stand")) as opened:
        yield opened


@pytest.fixture
def stand(shared: Stand) -> Iterator[Stand]:
    """The stand, with the shared model and the unchanged templates before and after each test."""
    shared.restore(Side.PUBLIC)
    yield shared
    shared.restore(Side.PUBLIC)


@pytest.fixture
def model(stand: Stand) -> ProxyModel:
    return stand.model(Side.PUBLIC)


def edit(stand: Stand, old: str, new: str) -> int:
    """Change the person's template; gives the number of the changed line."""
    file = stand.paths.proxy_template(Side.PUBLIC)
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def installed(stand: Stand) -> str:
    return (stand.paths.proxy_generated(Side.PUBLIC) / "haproxy.cfg").read_text()


def running(stand: Stand) -> str | None:
    return sockets.running_digest(stand.run.master_socket(Side.PUBLIC))


def serves(stand: Stand, host: str = "plain.example.test") -> bool:
    return stand.http(stand.address(host)).status_code == 200


def checks_left(stand: Stand) -> Sequence[object]:
    directory = stand.paths.generated / "candidate-public"
    return stand.client.containers.list(all=True, filters={"label": f"{check.LABEL}={directory}"})


@contextlib.contextmanager
def certificates(stand: Stand, count: int) -> Iterator[None]:
    """More certificates in the folder of the public side."""
    folder = stand.paths.proxy_certificates(Side.PUBLIC)
    pair = next(folder.glob("*.pem"))
    more = [folder / f"more-{number}.pem" for number in range(count)]
    key = pair.with_suffix(".pem.key")
    try:
        for file in more:
            os.link(pair, file)
            if key.exists():
                os.link(key, file.with_suffix(".pem.key"))
        yield
    finally:
        for file in more:
            file.unlink()
            file.with_suffix(".pem.key").unlink(missing_ok=True)


def listening(ask: Callable[[], bool]) -> bool:
    """What a proxy answers; False while none listens."""
    try:
        return ask()
    except sockets.NotRunningError:
        return False


def test_a_new_host_name_is_checked_written_and_loaded(stand: Stand, model: ProxyModel) -> None:
    more = with_backend(model, replace(backend("more", "more.example.test"), alias="plain"))
    assert str(install.difference(stand.paths, stand.run, more)) == "+1 host"
    assert not serves(stand, "more.example.test")
    assert stand.install(more).reloaded
    until("the new backend is found", lambda: serves(stand, "more.example.test"), 3)
    assert not str(install.difference(stand.paths, stand.run, more))
    assert str(install.difference(stand.paths, stand.run, model)) == "-1 host"
    assert checks_left(stand) == []


def test_nothing_changes_nothing(stand: Stand, model: ProxyModel) -> None:
    files = {file: file.stat().st_mtime_ns for file in stand.paths.root.rglob("*")}
    assert not install.prepare(stand.paths, model, "no-such-image:1", stand.client).change
    assert not install.reload(stand.paths, stand.run, Side.PUBLIC).reloaded
    assert {file: file.stat().st_mtime_ns for file in stand.paths.root.rglob("*")} == files


def test_the_running_process_says_what_it_runs(stand: Stand) -> None:
    assert running(stand)
    assert f"setenv SHOESTRING_CONFIGURATION {running(stand)}\n" in installed(stand)


def test_a_template_that_haproxy_refuses_changes_nothing(stand: Stand, model: ProxyModel) -> None:
    before, digest = installed(stand), running(stand)
    line = edit(stand, "    maxconn 1000", "    maxcon 1000")
    with pytest.raises(install.ConfigurationError) as caught:
        stand.install(model)
    assert f"conf/haproxy-public/haproxy.cfg.j2:{line}: unknown keyword 'maxcon' in 'global' section" in str(
        caught.value
    )
    candidate = (stand.paths.generated / "candidate-public" / "haproxy.cfg").read_text().splitlines()
    assert candidate[caught.value.messages[0].line - 1] == "    maxcon 1000"
    assert (installed(stand), running(stand)) == (before, digest)
    assert checks_left(stand) == []
    assert serves(stand)


def test_a_template_that_cannot_be_rendered_changes_nothing(stand: Stand, model: ProxyModel) -> None:
    before = installed(stand)
    line = edit(stand, "    maxconn 1000", "    maxconn {{ maximum }}")
    with pytest.raises(TemplateError, match=f"haproxy.cfg.j2:{line}: 'maximum' is undefined"):
        stand.install(model)
    assert installed(stand) == before


def test_a_process_that_does_not_start_leaves_the_old_one_and_its_file(stand: Stand, model: ProxyModel) -> None:
    before, digest = installed(stand), running(stand)
    # An address that is not the container's passes the check, which binds nothing.
    edit(stand, "    bind :80\n", "    bind 192.0.2.1:80\n")
    with pytest.raises(install.ConfigurationError, match="cannot bind socket") as caught:
        stand.install(model)
    assert "The last good configuration stays in force" in str(caught.value)
    assert (installed(stand), running(stand)) == (before, digest)
    assert serves(stand)
    assert not (stand.run.proxy(Side.PUBLIC) / install.STATES).exists()


def test_a_command_that_was_killed_before_its_reload_is_made_good(stand: Stand, model: ProxyModel) -> None:
    more = with_backend(model, replace(backend("more", "more.example.test"), alias="plain"))
    install.prepare(stand.paths, more, stand.image, stand.client)
    assert str(install.difference(stand.paths, stand.run, more)) == "written, not loaded yet"
    assert stand.install(more).reloaded
    assert not str(install.difference(stand.paths, stand.run, more))


def test_a_generated_file_that_someone_edited_is_made_again(stand: Stand, model: ProxyModel) -> None:
    before = installed(stand)
    file = stand.paths.proxy_generated(Side.PUBLIC) / "haproxy.cfg"
    file.write_text(before.replace("maxconn 1000", "maxconn 2000"))
    assert install.difference(stand.paths, stand.run, model).change
    stand.install(model)
    assert installed(stand) == before


def test_running_digest_right_after_the_start_of_a_proxy_is_that_of_its_file(stand: Stand) -> None:
    expected = running(stand)
    # Certificates keep it longer between its socket and its first answer.
    with certificates(stand, 300):
        for _ in range(STARTS):
            stand.containers[Side.PUBLIC].restart()
            until("the proxy listens at its socket", lambda: running(stand) is not None)
            assert running(stand) == expected


def test_reload_right_after_the_start_of_a_proxy_refuses_nothing(stand: Stand) -> None:
    master = stand.run.master_socket(Side.PUBLIC)
    with certificates(stand, 300):
        for _ in range(STARTS):
            stand.containers[Side.PUBLIC].restart()
            until("the proxy reloads", lambda: listening(lambda: sockets.reload(master).ok))


def test_without_a_proxy_the_file_waits_for_it(stand: Stand, model: ProxyModel, tmp_path: Path) -> None:
    elsewhere = replace(stand.run, root=tmp_path)
    assert install.reload(stand.paths, elsewhere, Side.PUBLIC) == install.ReloadResult(Side.PUBLIC, False, False)
    assert not str(install.difference(stand.paths, elsewhere, model))


def test_a_server_that_is_drained_stays_drained_over_a_reload(stand: Stand, model: ProxyModel) -> None:
    admin = stand.run.proxy(Side.PUBLIC) / "admin.sock"
    slot = next(
        row.split()[3]
        for row in sockets.server_states(stand.run.master_socket(Side.PUBLIC)).splitlines()
        if " plain " in row and row.split()[4] != "-"
    )
    sockets.ask(admin, f"set server plain/{slot} state drain")
    try:
        assert stand.install(with_backend(model, backend("more", "more.example.test"))).reloaded
        assert not serves(stand)
    finally:
        sockets.ask(admin, f"set server plain/{slot} state ready")
    assert serves(stand)


def test_a_changed_port_takes_effect_at_a_reload(stand: Stand, model: ProxyModel) -> None:
    backends = tuple(replace(each, port=TCP_PORT) if each.name == "plain" else each for each in model.backends)
    assert stand.install(replace(model, backends=backends)).reloaded
    # The TCP echo speaks no HTTP: that answer shows which port was asked.
    until("the other port is asked", lambda: stand.http(stand.address("plain.example.test")).status_code == 502, 3)


class Load:
    """Clients that ask without a pause; each failure is kept. Half of them hold on to their connection."""

    def __init__(self, stand: Stand) -> None:
        self.port = stand.ports["https"]
        self.failures: list[str] = []
        self.served = 0
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=(number % 2 == 0,)) for number in range(CLIENTS)]

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(30)

    def _ask(self, keep: bool) -> None:
        context = trusting()
        with contextlib.ExitStack() as stack:
            connection: http.client.HTTPSConnection | None = None
            while not self.ended.is_set():
                if connection is None:
                    connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=10)
                    stack.callback(connection.close)
                try:
                    connection.request("GET", "/", headers={"Host": "plain.example.test"})
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status != 200:
                        self.failures.append(str(answer.status))
                    if not keep or answer.headers.get("Connection") == "close":
                        connection.close()
                        connection = None
                except (OSError, http.client.HTTPException) as error:
                    self.failures.append(repr(error))
                    connection = None
                self.served += 1
                # A reload hurts connections that wait for their next request, if any.
                self.ended.wait(IDLE_SECONDS if keep else 0)


def test_reloads_lose_no_request(stand: Stand, model: ProxyModel) -> None:
    with Load(stand) as load:
        until("the load runs", lambda: load.served > 100)
        for number in range(RELOADS):
            more = with_backend(model, backend(f"more{number}", f"more{number}.example.test"))
            assert stand.install(more).reloaded
        until("there were requests enough", lambda: load.served > 1000)
    assert load.failures == []


def test_a_websocket_stays_open_over_reloads(stand: Stand, model: ProxyModel) -> None:
    with open_websocket("socket.example.test", stand.ports["https"], trusting()) as connection:
        for number in range(2):
            assert stand.install(with_backend(model, backend(f"more{number}", f"more{number}.example.test"))).reloaded
        connection.send("still here")
        assert connection.recv() == "echo still here"


def test_an_image_that_is_not_there_is_told(stand: Stand, model: ProxyModel) -> None:
    more = with_backend(model, backend("more", "more.example.test"))
    with pytest.raises(
        ShoestringError, match=r"/no-such-image:1 is not on this host\. Build it: shoestring images build"
    ):
        install.prepare(stand.paths, more, f"{LOCAL_REPOSITORY}/no-such-image:1", stand.client)
    # Nobody listens on port 1.
    with pytest.raises(
        ShoestringError, match=r"/no-such-image:1 is not on this host, and cannot be pulled: .*refused"
    ):
        install.prepare(stand.paths, more, "127.0.0.1:1/no-such-image:1", stand.client)


def test_a_check_that_does_not_end_is_ended(stand: Stand, tmp_path: Path) -> None:
    # HAProxy waits for a writer of the pipe that stands where its configuration should.
    directory = stand.paths.generated / "hangs"
    directory.mkdir()
    try:
        os.mkfifo(directory / check.FILE, 0o644)
        with pytest.raises(ShoestringError, match="did not check .* within 2 s"):
            check.check(stand.client, stand.image, directory, stand.paths.proxy_certificates(Side.PUBLIC), timeout=2)
        assert stand.client.containers.list(all=True, filters={"label": f"{check.LABEL}={directory}"}) == []
    finally:
        shutil.rmtree(directory)


def test_warnings_of_haproxy_are_told(stand: Stand, model: ProxyModel) -> None:
    edit(stand, "    timeout server 120s\n", "")
    prepared = install.prepare(stand.paths, model, stand.image, stand.client)
    assert any("missing timeouts" in message.text for message in prepared.warnings)


def test_the_templates_of_setup_cause_no_warning(stand: Stand) -> None:
    for side in Side:
        assert stand.paths.proxy_template(side).read_text() == template(side).read_text()
        changed = replace(stand.model(side), http_port=1)
        try:
            assert install.prepare(stand.paths, changed, stand.image, stand.client).warnings == ()
        finally:
            stand.restore(side)
