from __future__ import annotations

from runtime.docker.hardening import Hardening

FULL = Hardening("64m", 16, "0:0", ("SETUID", "SETGID"), log_size="1m")
LEAST = Hardening("64m", 16)


def test_compose_service_has_all_limits_in_file_order() -> None:
    assert list(FULL.compose_service().items()) == [
        ("user", "0:0"),
        ("cap_drop", ["ALL"]),
        ("cap_add", ["SETUID", "SETGID"]),
        ("security_opt", ["no-new-privileges:true"]),
        ("read_only", True),
        ("mem_limit", "64m"),
        ("pids_limit", 16),
        ("restart", "unless-stopped"),
        ("logging", {"driver": "local", "options": {"max-size": "1m", "max-file": "2"}}),
    ]


def test_run_options_have_all_limits() -> None:
    line = " ".join(FULL.run_options())
    for words in (
        *("--user 0:0", "--cap-drop ALL --cap-add SETUID --cap-add SETGID", "--security-opt no-new-privileges"),
        *("--read-only", "--log-driver none", "--memory 64m", "--pids-limit 16"),
    ):
        assert words in line


def test_sdk_options_are_those_of_service_without_restart_and_log() -> None:
    service = FULL.compose_service()
    assert FULL.sdk_options() == {key: service[key] for key in service if key not in ("restart", "logging")}


def test_options_without_user_and_capabilities() -> None:
    assert not {"user", "cap_add"} & set(LEAST.sdk_options())
    assert not {"--user", "--cap-add"} & set(LEAST.run_options())
