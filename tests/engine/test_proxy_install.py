"""Install a configuration on a real engine: checked, loaded without loss, and the last good one stays active."""

from __future__ import annotations

import contextlib
import os
import shutil
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
from tests.support.proxy.load import Load
from tests.support.proxy.stand import Stand, backend, open_stand, template, trusting, until, with_backend

pytestmark = pytest.mark.engine

RELOADS = 6
STARTS = 3


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
    """Change the user's template; return the number of the changed line."""
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
    """Put more certificates into the folder of the public side."""
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
    """Return what a proxy answers; False while none listens."""
    try:
        return ask()
    except sockets.NotRunningError:
        return False


def test_install_new_host_name(stand: Stand, model: ProxyModel) -> None:
    more = with_backend(model, replace(backend("more", "more.example.test"), alias="plain"))
    assert str(install.difference(stand.paths, stand.run, more)) == "+1 host"
    assert not serves(stand, "more.example.test")
    assert stand.install(more).reloaded
    until("the new backend serves", lambda: serves(stand, "more.example.test"), 3)
    assert not str(install.difference(stand.paths, stand.run, more))
    assert str(install.difference(stand.paths, stand.run, model)) == "-1 host"
    assert checks_left(stand) == []


def test_prepare_and_reload_unchanged(stand: Stand, model: ProxyModel) -> None:
    files = {file: file.stat().st_mtime_ns for file in stand.paths.root.rglob("*")}
    assert not install.prepare(stand.paths, model, "no-such-image:1", stand.client).change
    assert not install.reload(stand.paths, stand.run, Side.PUBLIC).reloaded
    assert {file: file.stat().st_mtime_ns for file in stand.paths.root.rglob("*")} == files


def test_running_digest(stand: Stand) -> None:
    assert running(stand)
    assert f"setenv SHOESTRING_CONFIGURATION {running(stand)}\n" in installed(stand)


def test_install_template_refused_by_haproxy(stand: Stand, model: ProxyModel) -> None:
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


def test_install_template_with_undefined_variable(stand: Stand, model: ProxyModel) -> None:
    before = installed(stand)
    line = edit(stand, "    maxconn 1000", "    maxconn {{ maximum }}")
    with pytest.raises(TemplateError, match=f"haproxy.cfg.j2:{line}: 'maximum' is undefined"):
        stand.install(model)
    assert installed(stand) == before


def test_install_restores_configuration_after_failed_start(stand: Stand, model: ProxyModel) -> None:
    before, digest = installed(stand), running(stand)
    # The check accepts an address that the container does not have, because it binds nothing.
    edit(stand, "    bind :80\n", "    bind 192.0.2.1:80\n")
    with pytest.raises(install.ConfigurationError, match="cannot bind socket") as caught:
        stand.install(model)
    assert "The last good configuration stays in force" in str(caught.value)
    assert (installed(stand), running(stand)) == (before, digest)
    assert serves(stand)
    assert not (stand.run.proxy(Side.PUBLIC) / install.STATES).exists()


def test_install_after_kill_before_reload(stand: Stand, model: ProxyModel) -> None:
    more = with_backend(model, replace(backend("more", "more.example.test"), alias="plain"))
    install.prepare(stand.paths, more, stand.image, stand.client)
    assert str(install.difference(stand.paths, stand.run, more)) == "written, not loaded yet"
    assert stand.install(more).reloaded
    assert not str(install.difference(stand.paths, stand.run, more))


def test_install_replaces_edited_generated_file(stand: Stand, model: ProxyModel) -> None:
    before = installed(stand)
    file = stand.paths.proxy_generated(Side.PUBLIC) / "haproxy.cfg"
    file.write_text(before.replace("maxconn 1000", "maxconn 2000"))
    assert install.difference(stand.paths, stand.run, model).change
    stand.install(model)
    assert installed(stand) == before


def test_running_digest_right_after_restart(stand: Stand) -> None:
    expected = running(stand)
    # Many certificates lengthen the time between its socket and its first answer.
    with certificates(stand, 300):
        for _ in range(STARTS):
            stand.containers[Side.PUBLIC].restart()
            until("the proxy listens on its socket", lambda: running(stand) is not None)
            assert running(stand) == expected


def test_reload_right_after_restart(stand: Stand) -> None:
    master = stand.run.master_socket(Side.PUBLIC)
    with certificates(stand, 300):
        for _ in range(STARTS):
            stand.containers[Side.PUBLIC].restart()
            until("the proxy reloads", lambda: listening(lambda: sockets.reload(master).ok))


def test_reload_without_proxy(stand: Stand, model: ProxyModel, tmp_path: Path) -> None:
    elsewhere = replace(stand.run, root=tmp_path)
    assert install.reload(stand.paths, elsewhere, Side.PUBLIC) == install.ReloadResult(Side.PUBLIC, False, False)
    assert not str(install.difference(stand.paths, elsewhere, model))


def test_reload_keeps_drained_server(stand: Stand, model: ProxyModel) -> None:
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


def test_reload_applies_changed_port(stand: Stand, model: ProxyModel) -> None:
    backends = tuple(replace(each, port=TCP_PORT) if each.name == "plain" else each for each in model.backends)
    assert stand.install(replace(model, backends=backends)).reloaded
    # The TCP echo speaks no HTTP: the 502 shows that the new port was used.
    until("the other port is used", lambda: stand.http(stand.address("plain.example.test")).status_code == 502, 3)


def test_reload_under_load_loses_no_request(stand: Stand, model: ProxyModel) -> None:
    with Load(stand) as load:
        until("the load runs", lambda: load.served > 100)
        for number in range(RELOADS):
            more = with_backend(model, backend(f"more{number}", f"more{number}.example.test"))
            assert stand.install(more).reloaded
        until("there were requests enough", lambda: load.served > 1000)
    assert load.failures == []


def test_reload_keeps_websocket(stand: Stand, model: ProxyModel) -> None:
    with open_websocket("socket.example.test", stand.ports["https"], trusting()) as connection:
        for number in range(2):
            assert stand.install(with_backend(model, backend(f"more{number}", f"more{number}.example.test"))).reloaded
        connection.send("still here")
        assert connection.recv() == "echo still here"


def test_prepare_missing_image(stand: Stand, model: ProxyModel) -> None:
    more = with_backend(model, backend("more", "more.example.test"))
    with pytest.raises(
        ShoestringError, match=r"/no-such-image:1 is not on this host\. Build it: shoestring images build"
    ):
        install.prepare(stand.paths, more, f"{LOCAL_REPOSITORY}/no-such-image:1", stand.client)
    # Nothing listens on port 1.
    with pytest.raises(
        ShoestringError, match=r"/no-such-image:1 is not on this host, and cannot be pulled: .*refused"
    ):
        install.prepare(stand.paths, more, "127.0.0.1:1/no-such-image:1", stand.client)


def test_check_timeout(stand: Stand, tmp_path: Path) -> None:
    # HAProxy waits for a writer of the pipe in place of its configuration.
    directory = stand.paths.generated / "hangs"
    directory.mkdir()
    try:
        os.mkfifo(directory / check.FILE, 0o644)
        with pytest.raises(ShoestringError, match="did not check .* within 2 s"):
            check.check(stand.client, stand.image, directory, stand.paths.proxy_certificates(Side.PUBLIC), timeout=2)
        assert stand.client.containers.list(all=True, filters={"label": f"{check.LABEL}={directory}"}) == []
    finally:
        shutil.rmtree(directory)


def test_prepare_returns_warnings(stand: Stand, model: ProxyModel) -> None:
    edit(stand, "    timeout server 120s\n", "")
    prepared = install.prepare(stand.paths, model, stand.image, stand.client)
    assert any("missing timeouts" in message.text for message in prepared.warnings)


def test_prepare_templates_of_setup_without_warning(stand: Stand) -> None:
    for side in Side:
        assert stand.paths.proxy_template(side).read_text() == template(side).read_text()
        changed = replace(stand.model(side), http_port=1)
        try:
            assert install.prepare(stand.paths, changed, stand.image, stand.client).warnings == ()
        finally:
            stand.restore(side)
