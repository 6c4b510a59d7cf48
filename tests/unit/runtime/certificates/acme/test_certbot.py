"""certbot's command line, and its output recorded from certbot 4.0 and 5.5."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runtime.base.command import Result as Finished
from runtime.base.paths import Paths, Side
from runtime.certificates.acme import certbot
from runtime.certificates.acme.account import Account
from runtime.certificates.model import DesiredCertificate, Issuer
from runtime.certificates.policy.ledger import AttemptResult
from runtime.config.sections import AcmeSettings
from runtime.config.settings import Settings

RECORDED = Path(__file__).parents[1] / "recorded"
SERVER = "https://ca.example.test/dir"
NOW = 1_800_000_000.0
WANTED = DesiredCertificate(
    "shop", Side.PUBLIC, ("a.example.test", "b.example.test", "c.example.test"), Issuer.HTTP_01
)
SETTINGS = Settings(domain="example.test", email="ops@example.test")


def failed(out: str = "", err: str = "") -> Finished:
    read = [(RECORDED / name).read_text() if name else "" for name in (out, err)]
    return Finished(("certbot",), 1, *read)


def test_certonly_trial_adds_dry_run() -> None:
    paths = Paths(Path("/d"))
    real, trial = (
        certbot.certonly(paths, SETTINGS, SERVER, Account("abc", "t"), WANTED, trial=trial) for trial in (False, True)
    )
    assert set(trial.arguments) - set(real.arguments) == {"--dry-run"}
    assert real.arguments[-6:] == tuple(word for name in WANTED.host_names for word in ("--domain", name))
    assert real.arguments[real.arguments.index("--cert-name") :][:2] == ("--cert-name", "shop")
    assert dict(real.environment) == {}


def test_register_trusts_user_provided_ca_file() -> None:
    settings = replace(SETTINGS, acme=AcmeSettings(server=SERVER, ca_file="/etc/own-ca.pem"))
    task = certbot.register(Paths(Path("/d")), settings, SERVER)
    assert task.environment == {"REQUESTS_CA_BUNDLE": "/ca.pem"}
    assert (task.mounts[-1].source, task.mounts[-1].read_only) == (Path("/etc/own-ca.pem"), True)


def test_outcome_of_refused_name() -> None:
    outcome = certbot.outcome(failed(out="certbot-refused.out"), WANTED, NOW)
    assert (outcome.result, outcome.failed_names) == (AttemptResult.REFUSED, ("c.example.test",))
    assert outcome.error.startswith("c.example.test: Get ")
    assert outcome.error.endswith("(connection)")


def test_outcome_of_rate_limit() -> None:
    outcome = certbot.outcome(failed(err="certbot-limited.err"), WANTED, NOW)
    assert outcome.result is AttemptResult.UNAVAILABLE
    assert outcome.not_before == NOW + 3600
    assert (
        outcome.error == "its rate limit is reached: too many certificates already issued for this exact set of names"
    )


def test_outcome_of_refused_order() -> None:
    outcome = certbot.outcome(failed(err="certbot-rejected.err"), WANTED, NOW)
    assert (outcome.result, outcome.failed_names) == (AttemptResult.REFUSED, ("a.example.test",))


@pytest.mark.parametrize(
    ("finished", "error"),
    [
        (failed(err="certbot-down.err"), "Requesting 172.17.0.1/dir: Connection refused"),
        (Finished(("certbot",), 137, "", ""), "certbot ended with exit code 137"),
    ],
)
def test_outcome_without_answer_of_authority(finished: Finished, error: str) -> None:
    outcome = certbot.outcome(finished, WANTED, NOW)
    assert (outcome.result, outcome.error, outcome.failed_names) == (AttemptResult.UNAVAILABLE, error, ())


def test_remains_of_incomplete_lineage_only(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert certbot.remains(paths, "shop") == ()
    etc = paths.certbot / "etc"
    for name in ("renewal", "live/shop", "archive/shop"):
        (etc / name).mkdir(parents=True)
    conf = etc / "renewal" / "shop.conf"
    conf.touch()
    assert certbot.remains(paths, "shop") == (conf, etc / "live/shop", etc / "archive/shop")
    conf.write_text("version = 4.0.0")
    for part in ("cert", "chain", "fullchain", "privkey"):
        (etc / f"archive/shop/{part}1.pem").write_text("x")
        (etc / f"live/shop/{part}.pem").symlink_to(f"../../archive/shop/{part}1.pem")
    assert certbot.remains(paths, "shop") == ()
    (etc / "archive/shop/privkey1.pem").unlink()
    assert certbot.remains(paths, "shop")


def test_outcome_refused_names_since_certbot_5_3() -> None:
    outcome = certbot.outcome(failed(out="certbot-5.5-refused.out"), WANTED, NOW)
    assert (outcome.result, outcome.failed_names) == (AttemptResult.REFUSED, ("c.example.test", "a.example.test"))
    assert outcome.error.startswith("c.example.test: Get ")
    assert "could not resolve URL" in outcome.error
