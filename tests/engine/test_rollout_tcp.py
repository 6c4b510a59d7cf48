"""A rollout of an application with a TCP port and several HTTP ports."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from runtime.base.paths import Side
from runtime.rollout.start_first import RolloutError
from tests.support.deploy.rollout_stand import Stage
from tests.support.engine import Instance, free_port, new_settings, tcp_echo


def test_roll_tcp_and_several_ports(tools: str, tmp_path: Path) -> None:
    """On the internal side, with an instance of its own, because the proxy's container publishes the TCP port."""
    instance = Instance(tmp_path / "data-directory", new_settings())
    try:
        port = free_port()
        file = (
            f"x-external-tcp-ports: ['{port}:9000']\nservices:\n  application:\n    image: {tools}\n"
            "    command: [v1]\n    stop_grace_period: 0s\n    x-external-host-names:\n"
            "      - [8080, one.example.test]\n      - [9090, two.example.test]\n"
        )
        second = "    environment: {SECOND_PORT: '9090'}\n"
        stage = Stage(instance, "tcp", tools, Side.INTERNAL)
        instance.add(Side.INTERNAL, "tcp", file + second)
        assert instance.start().ok
        instance.add(Side.INTERNAL, "tcp", (file + second).replace("v1", "v2"))
        stop, errors, count = threading.Event(), [], [0]

        def echo() -> None:
            while not stop.is_set():
                try:
                    assert tcp_echo(port, b"hello") == b"hello"
                    assert instance.get("two.example.test", side=Side.INTERNAL).status == 200
                    count[0] += 1
                except (OSError, AssertionError) as error:
                    errors.append(repr(error))

        thread = threading.Thread(target=echo)
        thread.start()
        stage.roll()
        stop.set()
        thread.join()
        assert errors == []
        assert count[0] > 20
        assert stage.versions() == [("running", "v2")]
        assert len(stage.slots_in_rotation()) == 12

        # One of three ports is not served: none of them gets a request.
        instance.add(Side.INTERNAL, "tcp", f"x-rollout: {{health_timeout: 3s}}\n{file}".replace("v1", "v3"))
        with pytest.raises(RolloutError, match="port 9090 does not answer"):
            stage.roll()
        assert stage.versions() == [("running", "v2")]
        assert instance.get("one.example.test", side=Side.INTERNAL).body == "v2\n"
    finally:
        instance.close()
