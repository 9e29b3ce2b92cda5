"""When a run pauses: refusals of us, shares of a long window, complaints; and what is said."""

from collections.abc import Iterable

import pytest
from hypothesis import given as anything
from hypothesis import settings
from hypothesis import strategies as st

from digest.core import breaker
from digest.core.breaker import ENOUGH, WINDOW, Breaker, Limits
from digest.core.delivery import Outcome, Phase, State
from digest.errors import SettingsError

RUN = 7
SENT = Outcome(State.SENT, "2.0.0 queued", 250, Phase.DOT)
BUSY = Outcome(State.DEFERRED, "4.2.2 mailbox of ada@example.org is full", 452, Phase.MAIL)
GONE = Outcome(State.BOUNCED, "5.1.1 <ada@example.org>: no such user", 550, Phase.MAIL)
DOUBT = Outcome(State.IN_DOUBT, "no answer after the final dot: lost", None, Phase.DOT)
BACK = Outcome(State.PLANNED, "handed back")


def ours(reply: str, code: int | None, phase: Phase = Phase.MAIL) -> Outcome:
    return Outcome(State.DEFERRED, reply, code, phase, ours=True)


DMARC = ours("5.7.26 This mail has been blocked because the sender is unauthenticated", 550)
NO_LIMITS = Limits(None, None, None)


def heard(outcomes: Iterable[Outcome], limits: Limits | None = None) -> tuple[str, int]:
    """The first reason and after how many outcomes it was given; "" and all of them."""
    one, number = Breaker(limits or Limits(), RUN), 0
    for number, outcome in enumerate(outcomes, 1):
        if reason := one.note(outcome):
            return reason, number
    return "", number


@pytest.mark.parametrize(
    "shut_out",
    [
        ours("mail.example.org:587: Connection refused", None, Phase.CONNECT),
        ours("mail.example.org:587: certificate verify failed", None, Phase.CONNECT),
        ours("mail.example.org:587: 5.7.8 authentication failed", 535, Phase.CONNECT),
        ours("5.7.0 Must issue a STARTTLS command first", 530, Phase.CONNECT),
        ours("4.7.0 temporary authentication failure", 454, Phase.CONNECT),
    ],
    ids=lambda outcome: outcome.reply[-20:],
)
def test_no_connection_no_tls_and_no_log_in_open_at_once(shut_out: Outcome) -> None:
    reason, after = heard([SENT, SENT, shut_out], NO_LIMITS)
    assert after == 3
    assert "takes nothing from us" in reason
    assert shut_out.reply in reason
    assert reason.endswith("then `digest send` or `digest runs resume 7` goes on")


@pytest.mark.parametrize(
    "refusal",
    [
        DMARC,
        ours("4.7.28 unusual rate of mail", 421, Phase.DOT),
        ours("5.7.1 sender not authorised", 550, Phase.CONNECT),
        ours("sender rejected", 550, Phase.CONNECT),
        Outcome(State.DEFERRED, "4.7.1 try again later", 451, Phase.MAIL),
        Outcome(State.BOUNCED, "5.7.515 access denied, SPF", 550, Phase.DOT),
        Outcome(State.BOUNCED, "message rejected as spam", 554, Phase.DOT),
    ],
    ids=lambda outcome: f"{outcome.code} {outcome.reply[:20]}",
)
def test_three_refusals_of_us_in_a_row_open(refusal: Outcome) -> None:
    reason, after = heard([*[SENT] * 40, refusal, refusal, SENT, *[refusal] * 9], NO_LIMITS)
    assert after == 46
    assert reason.startswith("3 of the last 3 were refused for what we are or send")
    assert f"the server's last words: {refusal.code} {refusal.reply}" in reason
    assert "SPF, DKIM, DMARC" in reason


@pytest.mark.parametrize("outcome", [BUSY, GONE, SENT], ids=lambda one: one.state)
def test_what_is_the_readers_or_nobodys_is_no_refusal_of_us(outcome: Outcome) -> None:
    assert heard([outcome] * 1500, NO_LIMITS) == ("", 1500)


def test_one_readers_own_policy_does_not_stop_a_run_of_thousands() -> None:
    assert heard(([SENT] * 99 + [DMARC]) * 50) == ("", 5000)
    assert heard([DMARC, DMARC]) == ("", 2)


def test_ten_of_the_last_fifty_open() -> None:
    reason, after = heard([SENT, SENT, SENT, SENT, DMARC] * 20, NO_LIMITS)
    assert after == 50
    assert reason.startswith("10 of the last 50 ")
    reason, after = heard([SENT, DMARC] * 20, NO_LIMITS)
    assert (after, reason[:18]) == (20, "10 of the last 20 ")
    assert heard([SENT] * 40 + [SENT, SENT, SENT, SENT, SENT, DMARC] * 25, NO_LIMITS)[1] > 180


def test_over_two_per_cent_of_two_hundred_open() -> None:
    reason, after = heard(([SENT] * 39 + [DMARC]) * 30, NO_LIMITS)
    assert after == ENOUGH
    assert reason.startswith("5 of the last 200 ")
    assert heard(([SENT] * 49 + [DMARC]) * 60, NO_LIMITS) == ("", 3000)


@pytest.mark.parametrize(
    ("outcome", "limits", "allowed", "says"),
    [
        (BUSY, Limits(), 10, "11 of the last 200 were put off (5.5 %, over 5 %)"),
        (DOUBT, Limits(), 10, "11 of the last 200 were put off (5.5 %, over 5 %)"),
        (GONE, Limits(), 2, "3 of the last 200 were refused for good (1.5 %, over 1 %)"),
        (GONE, Limits(permanent=12.5), 25, "26 of the last 200 were refused for good (13.0 %, "),
    ],
)
def test_a_share_that_is_passed_opens_once_there_is_enough(
    outcome: Outcome, limits: Limits, allowed: int, says: str
) -> None:
    bad = [outcome] * allowed
    assert heard([*bad, *[SENT] * (ENOUGH - allowed)], limits) == ("", ENOUGH)
    reason, after = heard([outcome, *bad, *[SENT] * ENOUGH], limits)
    assert after == ENOUGH
    assert reason.startswith(says)
    assert "example.org" not in reason
    assert heard([outcome, *bad, *[SENT] * ENOUGH], NO_LIMITS)[0] == ""


def test_the_window_forgets_what_is_long_ago() -> None:
    limits = Limits(permanent=1.0)
    assert heard([*[SENT] * 500, *[GONE] * 5, *[SENT] * 995, *[GONE] * 5] * 4, limits)[0] == ""
    reason, after = heard([*[SENT] * 1500, *[GONE] * 11], limits)
    assert after == 1511
    assert reason.startswith("11 of the last 1,000 were refused for good (1.1 %, over 1 %)")


def test_what_was_handed_back_counts_as_nothing() -> None:
    assert heard([DMARC, BACK, DMARC, BACK, BACK, DMARC]) == (heard([DMARC] * 3)[0], 6)
    assert heard([BACK] * 5000) == ("", 5000)


def test_it_stays_open_with_its_first_reason() -> None:
    one = Breaker(Limits(), RUN)
    reasons = {one.note(outcome) for outcome in [DMARC] * 3 + [SENT] * 2000}
    assert reasons == {"", one.reason}
    assert one.reason.startswith("3 of the last 3")


REPLIES = st.text(st.characters(codec="utf-8"), max_size=300)


@settings(deadline=None)
@anything(REPLIES, st.emails(), st.booleans())
def test_a_reason_is_one_line_without_an_address_or_what_a_terminal_obeys(
    reply: str, address: str, first: bool
) -> None:
    said = f"<{address}> {reply}" if first else f"{reply} {address}\r\nand more\x1b[2J"
    for code in (535, 550):
        reason, _ = heard([ours(said, code, Phase.CONNECT)] * 3)
        assert reason
        assert reason.isprintable()
        assert address not in reason
        assert reason.endswith("`digest runs resume 7` goes on")
        assert len(reason) < 500


def naive(outcomes: list[Outcome], limits: Limits) -> int:
    """After how many outcomes the rules say that it opens, counted anew each time; 0: never."""
    for end in range(1, len(outcomes) + 1):
        seen = outcomes[:end]
        policy = [breaker.is_policy(one) for one in seen]
        lately = seen[-WINDOW:]
        later = sum(one.state in (State.DEFERRED, State.IN_DOUBT) for one in lately)
        never = sum(one.state is State.BOUNCED for one in lately)
        share = [100 * n / len(lately) for n in (sum(policy[-WINDOW:]), later, never)]
        over = share[0] > 2 or share[1] > limits.temporary or share[2] > limits.permanent  # type: ignore[operator]
        if sum(policy[-3:]) == 3 or sum(policy[-50:]) >= 10 or (len(lately) >= ENOUGH and over):
            return end
    return 0


@settings(deadline=None, max_examples=40)
@anything(
    st.lists(
        st.tuples(st.sampled_from([SENT] * 6 + [BUSY, GONE, DMARC, DOUBT]), st.integers(1, 60)),
        max_size=30,
    )
)
def test_it_opens_exactly_when_the_rules_say(parts: list[tuple[Outcome, int]]) -> None:
    outcomes = [
        one for outcome, n in parts for one in [outcome] * (n if outcome is SENT else 1 + n // 30)
    ]
    reason, after = heard(outcomes)
    assert (after if reason else 0) == naive(outcomes, Limits())


@pytest.mark.parametrize(
    ("readers", "sent", "stops"),
    [(2, 1000, False), (3, 999, False), (3, 1000, True), (10, 10_000, False), (11, 10_000, True)],
)
def test_complaints_stop_a_run_before_it_starts(readers: int, sent: int, stops: bool) -> None:
    reason = breaker.complained(Limits(), readers, sent, RUN)
    assert bool(reason) is stops
    assert not reason or reason.startswith(f"{readers} complaints about {sent:,} mails of late (0.")
    assert not reason or reason.endswith("`digest runs resume 7` goes on")
    assert breaker.complained(NO_LIMITS, readers, sent, RUN) == ""


def test_limits_are_read_and_what_is_not_named_keeps_its_default() -> None:
    assert breaker.parse(breaker.EXAMPLE) == breaker.parse("") == Limits(5, 1, 0.1)
    assert breaker.parse("permanent=off") == Limits(permanent=None)
    assert breaker.parse("complaints=0.3% temporary=20") == Limits(20, 1, 0.3)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("off", "'off' is no temporary="),
        ("soft=5", "'soft=5' is no temporary="),
        ("permanent=1 permanent=2", "'permanent=2' is no temporary=, .* each once"),
        ("permanent=-1", "'permanent=-1' is no temporary="),
        ("permanent=0", "'permanent=0' is not over 0"),
        ("temporary=101", "'temporary=101' is not over 0 and at most 100 per cent"),
    ],
)
def test_a_wrong_limit_is_one_line_with_the_word(text: str, what: str) -> None:
    with pytest.raises(SettingsError, match=f"^DIGEST_BREAKER: {what}.*; for example temp") as e:
        breaker.parse(text)
    assert "\n" not in str(e.value)


def test_answers_that_keep_being_lost_open_long_before_a_share_is_told() -> None:
    reason, after = heard([SENT] * 30 + [DOUBT] * 60)
    assert after == 55
    assert reason == (
        "25 of the last 50 never got their answer, and are in doubt; the server's last words: no "
        "answer after the final dot: lost; look into the relay's log for what it took, and mend "
        "it, then `digest runs resume 7` goes on"
    )
    assert heard([DOUBT] * 60)[1] == 25
    assert heard([DOUBT] * 60, NO_LIMITS)[1] == 25


def test_one_relay_that_starts_again_pauses_nothing() -> None:
    one_restart = [SENT] * 40 + [DOUBT] * 10
    assert heard(one_restart * 3, NO_LIMITS) == ("", 150)
    assert heard((one_restart + [SENT] * 300) * 3) == ("", 1050)
