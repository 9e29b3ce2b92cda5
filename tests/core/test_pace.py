"""The token bucket against a naive one, and DIGEST_PACE."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given as anything
from hypothesis import settings
from hypothesis import strategies as st

from digest.core import pace
from digest.core.pace import Limits, Rate
from digest.errors import SettingsError
from subscribers import address
from tests import given

NOW = given.at(0)
MICROSECOND = timedelta(microseconds=1)
# Steps that are whole microseconds: there the naive bucket must agree to the last message.
EVEN = st.sampled_from([0.5, 1.0, 2.0, 2.5, 5.0, 20.0, 50.0, 1000.0])
ANY = st.floats(0.0003, 5000.0)
PAUSES = st.lists(st.integers(0, 3_000_000), min_size=1, max_size=40)


class Kept:
    """Buckets that are kept as a database keeps them: an instant each, none at first."""

    def __init__(self, rates: Mapping[str, float]) -> None:
        self.rates = {key: Rate.of(per_s) for key, per_s in rates.items()}
        self.tats = dict.fromkeys(rates, NOW - timedelta(days=1))

    def admit(self, wanted: Sequence[Sequence[str]], microseconds: int) -> list[float]:
        now = NOW + microseconds * MICROSECOND
        ahead = {key: pace.ahead(self.tats[key], now, rate) for key, rate in self.rates.items()}
        waits, after = pace.admit(wanted, self.rates, ahead)
        self.tats = {key: pace.tat(now, ns) for key, ns in after.items()}
        return waits


class Naive:
    """A bucket of tokens that fills up with time."""

    def __init__(self, per_s: float) -> None:
        self.per_s = Fraction(per_s)
        self.most = max(Fraction(1), self.per_s)
        self.tokens, self.at = self.most, 0

    def take(self, microseconds: int) -> bool:
        filled = self.tokens + self.per_s * (microseconds - self.at) / 1_000_000
        self.tokens, self.at = min(self.most, filled), microseconds
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def fullest(went: Sequence[int], per_s: float) -> float:
    """By how many the fullest of all windows surpasses its length times the rate."""
    least, most = float("inf"), 0.0
    for number, at in enumerate(went):
        least = min(least, number - per_s * at / 1_000_000)
        most = max(most, number + 1 - per_s * at / 1_000_000 - least)
    return most


def test_a_window_that_is_too_full_would_be_seen() -> None:
    assert fullest([0, 500_000, 1_000_000], 2) == 1
    assert fullest([0, 900_000, 1_000_000, 1_000_000, 5_000_000], 2) == pytest.approx(2.8)


@settings(deadline=None)
@anything(EVEN, st.lists(st.tuples(st.integers(0, 900_000), st.integers(1, 30)), max_size=30))
def test_it_admits_exactly_what_a_bucket_of_tokens_would(
    per_s: float, groups: list[tuple[int, int]]
) -> None:
    kept, naive, now = Kept({"a": per_s}), Naive(per_s), 0
    for pause, size in groups:
        now += pause
        waits = kept.admit([("a",)] * size, now)
        assert [wait == 0 for wait in waits] == [naive.take(now) for _ in range(size)]


@settings(deadline=None)
@anything(ANY, PAUSES)
def test_no_window_holds_more_than_its_rate_and_a_burst(per_s: float, pauses: list[int]) -> None:
    kept, now, went = Kept({"a": per_s}), 0, []
    for pause in pauses:
        now += pause
        went += [now for wait in kept.admit([("a",)] * 25, now) if not wait]
    assert went
    assert fullest(went, per_s) <= max(1, per_s) + 1e-6


@settings(deadline=None)
@anything(ANY, PAUSES, st.integers(1, 60))
def test_who_waits_as_told_goes_and_not_a_moment_sooner(
    per_s: float, pauses: list[int], size: int
) -> None:
    kept, now = Kept({"a": per_s}), 0
    for pause in pauses:
        now += pause
        waits = kept.admit([("a",)] * size, now)
    told = [round(wait * 1_000_000) for wait in waits if wait]
    for at in told:
        assert kept.admit([("a",)], now + at - 1) == [0.000001]
        assert kept.admit([("a",)], now + at) == [0.0]
    assert sorted(set(told)) == told


def test_a_burst_is_one_second_s_worth_and_at_least_one() -> None:
    for per_s, burst in ((20, 20), (2.5, 2), (1, 1), (1 / 60, 1), (3, 3), (7, 7), (1e6, 1e6)):
        rate = Rate.of(per_s)
        assert rate.room // rate.step == burst


def test_one_bucket_that_refuses_keeps_the_others_whole() -> None:
    kept = Kept({"relay": 10, "slow": 1})
    both = ("relay", "slow")
    assert [w == 0 for w in kept.admit([both] * 20 + [("relay",)] * 10, 0)] == (
        [True] + [False] * 19 + [True] * 9 + [False]
    )


@settings(deadline=None)
@anything(st.lists(st.sampled_from("abcd"), max_size=60), st.integers(1, 20))
def test_a_busy_domain_holds_up_no_other(domains: list[str], per_s: int) -> None:
    kept = Kept({**dict.fromkeys("abcd", float(per_s)), "relay": 1000.0})
    waits = kept.admit([("relay", one) for one in domains], 0)
    for one in "abcd":
        its = [wait for wait, domain in zip(waits, domains, strict=True) if domain == one]
        assert [wait == 0 for wait in its] == [n < per_s for n in range(len(its))]
        assert its == sorted(its)
        late = its[per_s:]
        assert late == pytest.approx([n / per_s for n in range(1, len(late) + 1)], abs=1e-5)


def test_what_a_slow_domain_waits_for_is_not_told_to_those_behind_it() -> None:
    kept = Kept({"relay": 1, "slow": 1 / 3600})
    kept.admit([("relay", "slow")], 0)
    assert kept.admit([("relay", "slow"), ("relay", "fast")], 0) == [3600.0, 1.0]


@settings(deadline=None)
@anything(ANY, st.integers(1, 2 * 86_400))
def test_a_clock_that_is_set_back_holds_up_for_a_minute_at_most(per_s: float, back_s: int) -> None:
    kept = Kept({"a": per_s})
    kept.admit([("a",)] * 5000, 0)
    [wait] = kept.admit([("a",)], -back_s * 1_000_000)
    assert wait <= 60 + 2 * max(1.0, 1 / per_s) + 1e-5
    if back_s > 61 + max(1.0, 1 / per_s):
        assert wait <= max(1 / per_s, 1.0) + 1e-5


def test_a_bucket_without_a_limit_agrees() -> None:
    assert pace.admit([("relay:x", "domain:y")], {}, {}) == ([0.0], {})
    assert pace.admit([], {}, {}) == ([], {})


def test_the_buckets_of_a_message() -> None:
    limits = Limits(pace.parse("gmail.com=20/s *=50/min"), {"mail.example.org:587": 14})
    relay, domain = pace.keys("mail.example.org:587", "Ada@GMail.com")
    assert (relay, domain) == ("relay:mail.example.org:587", "domain:gmail.com")
    assert limits.of(relay) == Rate.of(14)
    assert limits.of(domain) == Rate.of(20)
    assert limits.of("domain:example.net") == Rate.of(50 / 60)
    assert limits.of("relay:other:25") is None
    assert Limits(pace.parse("gmail.com=20/s")).of("domain:example.net") is None
    assert limits
    assert not Limits()


def test_pace_is_read_in_its_units_and_its_domains_as_addresses_are() -> None:
    assert pace.parse("") == {}
    text = "GMAIL.com=20/s outlook.com.=500/min *=0.5/h bücher.example.org=1/s"
    folded = address.parse("x@Bücher.example.org").envelope.rpartition("@")[2]
    assert pace.parse(text) == {
        "gmail.com": 20, "outlook.com": 500 / 60, "*": 0.5 / 3600, folded: 1,
    }  # fmt: skip
    assert folded.startswith("xn--")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("gmail.com", "'gmail.com' is no DOMAIN=NUMBER/s"),
        ("gmail.com=20", "is no DOMAIN=NUMBER/s"),
        ("gmail.com=20/day", "is no DOMAIN=NUMBER/s"),
        ("gmail.com=-1/s", "is no DOMAIN=NUMBER/s"),
        ("gmail.com=0/s", "over 0"),
        ("gmail.com=2000000/s", "at most 1000000/s"),
        ("a.example.org=1/s A.example.org=2/s", "a.example.org is named twice"),
        ("*=1/s *=2/s", r"\* is named twice"),
        ("nowhere=1/s", "'nowhere' is no domain"),
        ("x@example.org=1/s", "is no domain"),
    ],
)
def test_a_wrong_pace_is_one_line_with_the_word(text: str, what: str) -> None:
    with pytest.raises(SettingsError, match=f"^DIGEST_PACE: .*{what}.*for example gmail.com=") as e:
        pace.parse(text)
    assert "\n" not in str(e.value)
