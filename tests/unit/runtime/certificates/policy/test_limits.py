"""When a certificate may be requested again: the delays, the limits, and a month of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from runtime.certificates.policy import ledger, limits
from runtime.certificates.policy.ledger import DAY, Attempt, AttemptResult, Ledger
from runtime.certificates.policy.limits import HOUR, MINUTE, WEEK, Allowed, Deferral

NOW = 1_800_000_000.0
SERVER, OTHER_SERVER = "https://ca.test/dir", "https://staging.test/dir"
NAMES = ("a.test", "b.test")
MONTH_MINUTES = 31 * 24 * 60


def attempt(
    ago: float,
    result: AttemptResult = AttemptResult.REFUSED,
    names: tuple[str, ...] = NAMES,
    *,
    server: str = SERVER,
    failed: tuple[str, ...] = (),
    error: str = "no",
    not_before: float = 0.0,
) -> Attempt:
    return Attempt("shop", server, names, NOW - ago, result, error, failed, not_before)


def ask(
    *attempts: Attempt, names: tuple[str, ...] = NAMES, now: float = NOW, forced: bool = False
) -> Allowed | Deferral:
    return limits.next_try(Ledger(attempts), names, "shop", SERVER, now, forced=forced)


def until(*attempts: Attempt, names: tuple[str, ...] = NAMES, now: float = NOW, forced: bool = False) -> float:
    """Return the seconds until the next request is allowed; 0 if now. At that moment it must be allowed."""
    answer = ask(*attempts, names=names, now=now, forced=forced)
    if isinstance(answer, Allowed):
        return 0.0
    assert answer.until > now
    assert isinstance(ask(*attempts, names=names, now=answer.until - 0.001, forced=forced), Deferral)
    assert isinstance(ask(*attempts, names=names, now=answer.until, forced=forced), Allowed)
    return answer.until - now


def failures(number: int, last_ago: float = 0.0, result: AttemptResult = AttemptResult.REFUSED) -> list[Attempt]:
    """Return a sequence of failures, two hours apart."""
    return [attempt(last_ago + (number - 1 - index) * 2 * HOUR, result) for index in range(number)]


def test_next_try_first_is_allowed() -> None:
    assert ask() == Allowed()


@pytest.mark.parametrize("result", [AttemptResult.REFUSED, AttemptResult.UNAVAILABLE, AttemptResult.OPEN])
@pytest.mark.parametrize(("number", "delay"), [(1, MINUTE), (2, 10 * MINUTE), (3, 100 * MINUTE), (4, DAY), (9, DAY)])
def test_next_try_delay_grows_with_failures(number: int, delay: float, result: AttemptResult) -> None:
    # A killed process may have got a certificate: from the fifth on, the limit of a week counts too.
    if result is not AttemptResult.OPEN or number < 5:
        assert until(*failures(number, result=result)) == delay
    assert until(*failures(number)) == delay
    assert until(*failures(number, 30)) == delay - 30
    assert until(*failures(number, delay)) == 0


def test_next_try_issued_certificate_resets_failures() -> None:
    assert until(*failures(3, DAY), attempt(HOUR, AttemptResult.ISSUED), attempt(0)) == MINUTE
    assert until(*failures(3, HOUR), attempt(0, AttemptResult.ISSUED)) == 0


def test_next_try_counts_per_name_set_and_server() -> None:
    others = [replace(each, server=OTHER_SERVER) for each in failures(3)]
    assert until(*others) == 0
    assert until(*failures(3), names=("b.test", "a.test")) == 100 * MINUTE
    assert until(*failures(3), names=("a.test",)) == 0


def test_next_try_delay_of_own_checks() -> None:
    for number, delay in ((1, MINUTE), (2, 10 * MINUTE), (3, 10 * MINUTE), (50, 10 * MINUTE)):
        assert until(*failures(number, result=AttemptResult.NOT_REQUESTED)) == delay


def test_next_try_own_checks_do_not_affect_failures() -> None:
    held = attempt(5, AttemptResult.NOT_REQUESTED)
    assert until(*failures(3, 60), held) == 100 * MINUTE - 60
    assert until(*failures(2, DAY), attempt(HOUR, AttemptResult.NOT_REQUESTED), attempt(0)) == 100 * MINUTE
    assert until(*failures(1, HOUR), held) == MINUTE - 5


def test_next_try_respects_wait_of_authority() -> None:
    asked = attempt(0, AttemptResult.UNAVAILABLE, not_before=NOW + 3 * HOUR, error="rate limited")
    assert until(asked) == 3 * HOUR
    assert until(asked, forced=True) == 3 * HOUR
    assert ask(asked) == Deferral(NOW + 3 * HOUR, "the authority asks to wait: rate limited")
    assert until(asked, names=("other.test",)) == 0
    assert until(attempt(0, AttemptResult.UNAVAILABLE, not_before=NOW + 1000 * DAY)) == WEEK


def test_next_try_force_skips_only_delays() -> None:
    assert until(*failures(4), forced=True) == 0
    assert until(*failures(4, result=AttemptResult.NOT_REQUESTED), forced=True) == 0


def test_next_try_limits_failures_of_name_per_hour() -> None:
    five = [attempt(50 * MINUTE - index, names=("b.test", f"{index}.test")) for index in range(5)]
    assert until(*five[1:]) == 0
    assert until(*five) == 10 * MINUTE
    assert until(*five, forced=True) == 10 * MINUTE
    assert until(*five, names=("a.test",)) == 0
    assert until(*(replace(each, server=OTHER_SERVER) for each in five)) == 0
    answer = ask(*five)
    assert isinstance(answer, Deferral)
    assert answer.why == "b.test failed too often within an hour"


def test_next_try_counts_only_failed_names() -> None:
    five = [attempt(index, names=("a.test", f"{index}.test"), failed=(f"{index}.test",)) for index in range(5)]
    assert until(*five) == 0
    assert until(*(replace(each, failed_names=()) for each in five)) > 0


@pytest.mark.parametrize("result", [AttemptResult.NOT_REQUESTED, AttemptResult.ISSUED])
def test_next_try_counts_only_refusals(result: AttemptResult) -> None:
    assert until(*(attempt(index, result, ("a.test", f"{index}.test")) for index in range(9))) == 0


def test_next_try_wildcard_and_domain_count_as_one() -> None:
    both = ("in.test", "*.in.test")
    pair = [attempt(index, names=both) for index in (20 * MINUTE, 0)]
    assert until(*pair[:1], names=both, forced=True) == 0
    # Four have failed, and two more might.
    assert until(*pair, names=both, forced=True) == 40 * MINUTE
    assert until(*pair, names=("in.test",)) == 0
    assert until(*pair, attempt(0, names=("in.test", "x.test")), names=("*.in.test",)) == 40 * MINUTE


@pytest.mark.parametrize("forced", [True, False])
def test_next_try_limits_certificates_of_set_per_week(forced: bool) -> None:
    four = [attempt(day * DAY, AttemptResult.ISSUED) for day in (6, 5, 3, 2)]
    assert until(*four, forced=forced) == 0
    assert until(*four, attempt(DAY, AttemptResult.ISSUED), forced=forced) == DAY
    assert until(*four, attempt(DAY, AttemptResult.OPEN), forced=forced) == DAY
    assert until(*four, attempt(DAY, AttemptResult.REFUSED), forced=forced) == 0
    assert until(*four, attempt(DAY, AttemptResult.ISSUED, ("a.test",)), forced=forced) == 0
    assert until(*four, attempt(DAY, AttemptResult.ISSUED, server=OTHER_SERVER), forced=forced) == 0


def test_next_try_ignores_attempts_from_far_ahead() -> None:
    far = tuple(replace(each, when=NOW + 400 * DAY) for each in failures(9))
    assert until(*far) == 0
    assert until(*far, *(attempt(0, AttemptResult.ISSUED) for _ in range(4))) == 0
    waits = attempt(-400 * DAY, AttemptResult.UNAVAILABLE, not_before=NOW + 401 * DAY)
    assert until(waits) == 0


def test_next_try_attempt_from_near_ahead_counts_as_now() -> None:
    ahead = attempt(-3 * HOUR)
    assert ask(ahead) == Deferral(NOW + MINUTE, "the last attempt failed: no")
    assert ask(ahead, now=NOW + 3 * HOUR + MINUTE) == Allowed()
    # The limits count it, so that a clock that is set back some hours does not lift them.
    five = [attempt(-HOUR, names=("a.test", f"{index}.test")) for index in range(5)]
    assert isinstance(ask(*five, forced=True), Deferral)


@pytest.mark.parametrize("ahead", [3 * HOUR, DAY, 5 * DAY, 400 * DAY])
def test_next_try_clock_ahead_blocks_at_most_two_days(ahead: float) -> None:
    row = [replace(each, when=each.when + ahead) for each in failures(9)]
    runs = (NOW + minute * MINUTE for minute in range(3 * 24 * 60))
    first = next(now for now in runs if ask(*row, now=now) == Allowed())
    assert first - NOW <= 2 * DAY
    # After an attempt by the right clock, the earlier ones are older and never count again.
    issued = replace(attempt(0, AttemptResult.ISSUED), when=first)
    assert all(ask(*row, issued, now=first + hour * HOUR) == Allowed() for hour in range(24 * 6))


def test_next_try_clock_behind_keeps_delay() -> None:
    assert until(*failures(3), attempt(2000 * DAY)) == DAY


def test_next_try_reason_has_last_error() -> None:
    assert ask(*failures(2)) == Deferral(NOW + 10 * MINUTE, "the last 2 attempts failed: no")
    assert ask(attempt(0, AttemptResult.OPEN, error="")) == Deferral(
        NOW + MINUTE, "the last attempt failed: it did not finish"
    )


@dataclass
class FakeAuthority:
    """Always gives the same answer and records the requests. Each run uses the real limits and ledger."""

    answer: Callable[[Attempt], Attempt]
    file: Path | None = None
    ledger: Ledger = field(default_factory=Ledger)
    asked: list[Attempt] = field(default_factory=list)

    def run(self, sets: Iterable[tuple[str, ...]], forced: bool = False, minutes: int = MONTH_MINUTES) -> None:
        """Run once a minute. With a file each attempt is saved and loaded, as if the host were restarted."""
        wanted = tuple(sets)
        for minute in range(minutes):
            for names in wanted:
                self._request(names, NOW + minute * MINUTE, forced)

    def _request(self, names: tuple[str, ...], now: float, forced: bool) -> None:
        if isinstance(limits.next_try(self.ledger, names, names[0], SERVER, now, forced=forced), Deferral):
            return
        opened = Attempt(names[0], SERVER, names, now, AttemptResult.OPEN)
        self._keep(ledger.begin(self.ledger, opened), now)
        self.asked.append(opened)
        self._keep(ledger.end(self.ledger, self.answer(opened)), now)

    def _keep(self, changed: Ledger, now: float) -> None:
        # Leave out what `save` leaves out, whether written or not.
        self.ledger = replace(changed, attempts=ledger._recent(changed.attempts, now))
        if self.file:
            ledger.save(self.file, changed, now)
            self.ledger = ledger.load(self.file)

    def minutes(self) -> list[float]:
        return [(each.when - NOW) / MINUTE for each in self.asked]


def refuse(opened: Attempt) -> Attempt:
    return replace(opened, result=AttemptResult.REFUSED, failed_names=opened.host_names, error="no")


def issue(opened: Attempt) -> Attempt:
    return replace(opened, result=AttemptResult.ISSUED)


def most_in_any(span: float, times: list[float]) -> int:
    """Return the largest number of times within less than a span."""
    return max(sum(start <= each < start + span for each in times) for start in times)


def test_month_of_refusals(tmp_path: Path) -> None:
    authority = FakeAuthority(refuse, tmp_path / "ledger.json")
    authority.run([NAMES])
    daily = [111 + 1440 * day for day in range(31)]
    assert authority.minutes() == [0, 1, 11, *daily]
    assert most_in_any(HOUR, [each.when for each in authority.asked]) == 3


def test_week_of_refusals_with_shared_name() -> None:
    authority = FakeAuthority(refuse)
    sets = [("shared.test", f"{number}.test") for number in range(3)]
    authority.run(sets, minutes=7 * 24 * 60)
    assert most_in_any(HOUR, [each.when for each in authority.asked]) == 5
    for names in sets:
        # Each of them is requested as often as its own delays allow.
        assert len([each for each in authority.asked if each.host_names == names]) == 10


def test_day_of_forced_requests_keeps_limits() -> None:
    authority = FakeAuthority(refuse)
    authority.run([("shared.test", f"{number}.test") for number in range(3)], forced=True, minutes=24 * 60)
    assert most_in_any(HOUR, [each.when for each in authority.asked]) == 5
    assert len(authority.asked) == 24 * 5


def test_day_of_forced_requests_for_wildcard_and_domain() -> None:
    authority = FakeAuthority(refuse)
    authority.run([("in.test", "*.in.test")], forced=True, minutes=24 * 60)
    # Each attempt fails for both, which an authority counts as one name: two attempts are four failures.
    assert most_in_any(HOUR, [each.when for each in authority.asked]) == 2


def test_month_of_issued_certificates_that_expire_immediately() -> None:
    authority = FakeAuthority(issue)
    authority.run([NAMES, ("a.test",)], forced=True)
    for names in (NAMES, ("a.test",)):
        own = [each.when for each in authority.asked if each.host_names == names]
        assert most_in_any(WEEK, own) == 5
        assert len(own) == 5 * 5


def test_month_of_processes_killed_after_request() -> None:
    authority = FakeAuthority(lambda opened: opened)
    authority.run([NAMES], forced=True)
    asked = [each.when for each in authority.asked]
    assert most_in_any(HOUR, asked) == most_in_any(WEEK, asked) == 5
