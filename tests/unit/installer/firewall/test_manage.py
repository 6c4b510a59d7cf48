from __future__ import annotations

import pytest

from installer.firewall import manage, proof, trial
from installer.firewall.proof import Answers, Target
from installer.firewall.trial import Trial
from runtime.errors import ShoestringError
from tests.make import PATHS
from tests.unit.installer.firewall.test_report import firewall

SSH = frozenset({Target("0.0.0.0", 22)})


def test_rules_that_ssh_does_not_answer_with_are_undone_and_the_message_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter((Answers(SSH, True, SSH), Answers(frozenset(), True, SSH)))
    tried = Trial("shoestring", firewall().rules, PATHS.firewall)
    undone: list[Trial] = []
    monkeypatch.setattr(proof, "ask", lambda _wanted: next(answers))
    monkeypatch.setattr(manage, "begin", lambda _firewall: tried)
    monkeypatch.setattr(trial, "undo", undone.append)
    with pytest.raises(ShoestringError) as error:
        manage.prove(firewall())
    assert undone == [tried]
    assert str(error.value) == (
        "With these rules SSH did not answer any more at port 22, so they were undone at once. See whether the port "
        "is among what stays open: shoestring firewall on --dry-run; if not, list it in x-open-ports of an "
        "application."
    )
