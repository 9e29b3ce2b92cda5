"""Sending: once, to whom it is due, with the outcome of each in the ledger."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self
from zlib import crc32

import pytest

from digest import explain, sender
from digest.app import App
from digest.cli.terminal import today
from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.pipeline import collect
from digest.store import history, outbox
from subscribers import address as addresses
from subscribers import entry, intake, preferences, roster, suppression
from subscribers.consent import Consent, ConsentKind, Reason

DAY = date(2026, 5, 7)


def listing(home: Path, day: date, titles: Sequence[str], votes: int = 9) -> str:
    """A Hugging Face day of papers with these titles, the first with the most votes."""
    records = [
        {
            "paper": {
                "id": f"2605.{crc32(title.encode()) % 100_000:05d}",
                "title": title,
                "summary": f"We study {title} and find much.",
                "upvotes": votes + len(titles) - place,
                "authors": [{"name": "Ada Author"}],
                "submittedOnDailyAt": f"{day}T06:00:00.000Z",
            }
        }
        for place, title in enumerate(titles)
    ]
    (home / f"{day}.json").write_text(json.dumps(records))
    return f"{day}.json"


def reader(app: App, email: str, **fields: object) -> None:
    """An active reader who asked for these things."""
    now = app.clock()
    told = {"email": email, "confirmed_at": now, "consent_source": "test", **fields}
    with app.begin() as session:
        intake.take_in(session, [entry.read(told, now=now)], now=now, secret=app.secret)


def mails(home: Path) -> list[EmailMessage]:
    found = sorted((home / "outbox" / "new").iterdir())
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in found]


def state_of(app: App, email: str) -> list[State]:
    return [one.state for one in explain.deliveries_to(app, addresses.parse(email))]


@pytest.fixture
def ready(app: App, home: Path) -> App:
    """Three papers of one day, and two readers who want different ones."""
    day = listing(home, DAY, ["Robots that fold towels", "Whale song decoded", "A tea ceremony"])
    collect(app, [day])
    reader(app, "rob@example.org", interests=["robots that fold"])
    reader(app, "wal@example.org", interests=["whale song"])
    return app


def test_everyone_gets_their_own_digest_and_a_second_send_sends_nothing(
    ready: App, home: Path
) -> None:
    first = sender.send(ready, DAY)
    second = sender.send(ready, DAY)
    assert (first.audience, first.outcomes) == (2, {State.SENT: 2})
    assert (second.audience, second.outcomes, second.already) == (0, {}, 2)
    by_reader = {str(mail["To"]): mail for mail in mails(home)}
    assert len(by_reader) == 2
    assert "Robots that fold towels" in str(by_reader["rob@example.org"]["Subject"])
    assert "Whale song decoded" in str(by_reader["wal@example.org"]["Subject"])


def test_a_reader_who_came_later_gets_the_day_too_and_nobody_else_again(
    ready: App, home: Path
) -> None:
    sender.send(ready, DAY)
    reader(ready, "late@example.org")
    told = sender.send(ready, DAY)
    assert (told.audience, told.already) == (1, 2)
    assert len(mails(home)) == 3


def test_only_the_readers_asked_for_are_sent_to(ready: App, home: Path) -> None:
    with ready.read() as session:
        wal = roster.find(session, addresses.parse("wal@example.org"))
    assert wal is not None
    told = sender.send(ready, DAY, [wal.id])
    assert told.outcomes == {State.SENT: 1}
    assert [str(mail["To"]) for mail in mails(home)] == ["wal@example.org"]
    assert sender.send(ready, DAY).audience == 1


def test_no_paper_reaches_a_reader_twice_however_often_it_is_listed(ready: App, home: Path) -> None:
    sender.send(ready, DAY)
    next_day = date(2026, 5, 8)
    day = listing(home, next_day, ["Robots that fold towels", "Robots that fold shirts"], 90)
    collect(ready, [day])
    sender.send(ready, next_day)
    rob = [mail for mail in mails(home) if mail["To"] == "rob@example.org"]
    titles = [" ".join(mail.get_body(("plain",)).get_content().split()) for mail in rob]  # type: ignore[union-attr]
    assert sum("Robots that fold towels" in title for title in titles) == 1
    assert sum("Robots that fold shirts" in title for title in titles) == 1


def test_a_paper_not_sent_comes_back_when_it_rises_and_says_so(app: App, home: Path) -> None:
    first, later = date(2026, 5, 7), date(2026, 5, 8)
    titles = ["Good", "Better", "Whale song decoded"]
    collect(app, [listing(home, first, titles, votes=1)])
    reader(app, "two@example.org", limit=2)
    sender.send(app, first)
    record = json.loads((home / f"{first}.json").read_text())[2]
    record["paper"] |= {"upvotes": 42, "submittedOnDailyAt": f"{later}T06:00:00.000Z"}
    (home / "again.json").write_text(json.dumps([record]))
    collect(app, ["again.json"])
    sender.send(app, later)
    texts = [mail.get_body(("plain",)).get_content() for mail in mails(home)]  # type: ignore[union-attr]
    [text] = [text for text in texts if "8 May 2026" in text]
    assert "RISING" in text
    assert "2 → 42" in text


def test_a_day_with_nothing_is_no_mail_but_an_entry_with_the_reason(ready: App, home: Path) -> None:
    sender.send(ready, DAY)
    told = sender.send(ready, date(2026, 5, 8))
    assert told.outcomes == {State.EMPTY: 2}
    assert told.is_complete
    assert len(mails(home)) == 2
    [_, empty] = explain.deliveries_to(ready, addresses.parse("rob@example.org"))
    assert empty.reason == "nothing new for this reader"


def test_an_empty_digest_is_made_again_when_a_late_source_brings_something(
    ready: App, home: Path
) -> None:
    sender.send(ready, DAY)
    next_day = date(2026, 5, 8)
    sender.send(ready, next_day)
    collect(ready, [listing(home, next_day, ["Robots that fold shirts", "Whale song sung"])])
    told = sender.send(ready, next_day)
    assert told.outcomes == {State.SENT: 2}


def test_who_is_suppressed_or_left_gets_nothing_and_the_ledger_says_why(
    ready: App, home: Path
) -> None:
    now = ready.clock()
    with ready.begin() as session:
        rob, wal = (addresses.parse(f"{name}@example.org") for name in ("rob", "wal"))
        suppression.suppress(session, rob, Reason.BY_HAND, key=ready.secret, now=now, source="test")
        leaver = roster.find(session, wal)
        assert leaver is not None
        left = Consent(kind=ConsentKind.UNSUBSCRIBED, at=now, source="test")
        preferences.take_step(session, leaver.id, left)
    told = sender.send(ready, DAY)
    assert told.outcomes == {State.SUPPRESSED: 1}
    assert not (home / "outbox" / "new").exists() or not mails(home)
    [delivery] = explain.deliveries_to(ready, addresses.parse("rob@example.org"))
    assert delivery.reason == "suppressed: by_hand"
    assert state_of(ready, "wal@example.org") == []


def test_a_dry_run_says_what_would_be_sent_and_writes_nothing(ready: App, home: Path) -> None:
    told = sender.rehearse(ready, DAY)
    assert (told.audience, told.outcomes) == (2, {State.PLANNED: 2})
    assert not (home / "outbox").exists()
    assert state_of(ready, "rob@example.org") == []


def test_the_preview_is_the_mail_that_is_then_sent(ready: App, home: Path) -> None:
    rob = addresses.parse("rob@example.org")
    shown = explain.preview(ready, rob, DAY)
    sender.send(ready, DAY)
    again = explain.preview(ready, rob, DAY)
    [sent] = [mail for mail in mails(home) if mail["To"] == "rob@example.org"]
    assert shown.message is not None
    assert again.message is not None
    assert shown.message.message_id == again.message.message_id == sent["Message-ID"]
    assert shown.digest.picks == again.digest.picks
    previewed = message_from_bytes(again.message.data, policy=policy.default)
    for kind in ("plain", "html"):
        bodies = [one.get_body((kind,)) for one in (previewed, sent)]
        texts = [without_tokens(body.get_content()) for body in bodies if body is not None]
        assert texts[0] == texts[1]


def without_tokens(text: str) -> str:
    plain = text.replace("\r\n", "\n")
    return re.sub(r"(/(unsubscribe|settings|feedback)/)[\w-]+", r"\1TOKEN", plain)


class Relay:
    """A relay whose answers are scripted; held to the transports' contract by its type."""

    def __init__(self, answers: Callable[[Message], Outcome]) -> None:
        self.answers, self.got = answers, list[str]()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def hand_over(self, message: Message) -> Outcome:
        self.got.append(message.to)
        return self.answers(message)


def test_a_refused_reader_is_bounced_a_busy_server_defers_and_a_lost_reply_is_in_doubt(
    ready: App,
) -> None:
    reader(ready, "tea@example.org", keywords=["tea"])
    answers = {
        "rob@example.org": Outcome(State.BOUNCED, "550 5.1.1 no such user", 550, Phase.RCPT),
        "wal@example.org": Outcome(State.DEFERRED, "450 4.2.1 busy", 450, Phase.RCPT),
        "tea@example.org": Outcome(State.IN_DOUBT, "no reply", None, Phase.DOT),
    }
    relay = Relay(lambda message: answers[message.to])
    told = sender.send(ready, DAY, transports=lambda: relay)
    assert told.outcomes == {State.BOUNCED: 1, State.DEFERRED: 1, State.IN_DOUBT: 1}
    assert not told.is_complete
    assert state_of(ready, "tea@example.org") == [State.IN_DOUBT]
    sender.send(ready, DAY, transports=lambda: relay)
    assert sorted(relay.got) == sorted(answers)  # none again: not yet due, or final


def test_a_deferred_mail_is_sent_when_its_time_has_come(app: App, home: Path) -> None:
    clock = [datetime(2026, 5, 7, 8, tzinfo=UTC)]
    app = App(app.settings, app.database, lambda: clock[0], app.secret, lambda _: clock[0])
    collect(app, [listing(home, DAY, ["Whale song decoded"])])
    reader(app, "wal@example.org")
    busy = Relay(lambda _: Outcome(State.DEFERRED, "450 busy", 450, Phase.RCPT))
    assert sender.send(app, DAY, transports=lambda: busy).outcomes == {State.DEFERRED: 1}
    assert sender.send(app, DAY).outcomes == {State.DEFERRED: 1}
    clock[0] = datetime(2026, 5, 7, 8, 6, tzinfo=UTC)
    assert sender.send(app, DAY).outcomes == {State.SENT: 1}
    [delivery] = explain.deliveries_to(app, addresses.parse("wal@example.org"))
    assert [(a.number, a.state) for a in delivery.attempts] == [(1, "deferred"), (2, "sent")]


def test_what_its_deadline_has_passed_is_never_sent(app: App, home: Path) -> None:
    clock = [datetime(2026, 5, 7, 8, tzinfo=UTC)]
    app = App(app.settings, app.database, lambda: clock[0], app.secret, lambda _: clock[0])
    collect(app, [listing(home, DAY, ["Whale song decoded"])])
    reader(app, "wal@example.org")
    busy = Relay(lambda _: Outcome(State.DEFERRED, "450 busy", 450, Phase.RCPT))
    sender.send(app, DAY, transports=lambda: busy)
    clock[0] = datetime(2026, 5, 9, 8, tzinfo=UTC)
    with app.read() as session:
        [run_id] = sender.runs.unfinished(session, DAY)
    told = sender.send(app, DAY, transports=lambda: busy)
    with app.read() as session:
        run = sender.runs.get(session, run_id)
    assert run is not None
    assert run.outcomes == {State.EXPIRED: 1}
    assert len(busy.got) == 1 or told.audience


def test_a_relay_that_refuses_us_pauses_the_run_and_costs_no_reader_anything(
    ready: App, home: Path
) -> None:
    ours = Outcome(State.DEFERRED, "5.7.8 wrong password", 535, Phase.CONNECT, ours=True)
    told = sender.send(ready, DAY, transports=lambda: Relay(lambda _: ours))
    assert told.paused == (
        "the relay takes nothing from us: 535 5.7.8 wrong password; mend DIGEST_SMTP_URL or the "
        "relay, then `digest send` or `digest runs resume 1` goes on"
    )
    assert told.outcomes == {State.PLANNED: 2}
    assert not told.is_complete
    assert sender.send(ready, DAY).outcomes == {State.SENT: 2}
    assert len(mails(home)) == 2


def test_sending_to_one_reader_leaves_a_paused_send_to_the_others_paused(
    ready: App, home: Path
) -> None:
    ours = Outcome(State.DEFERRED, "5.7.8 wrong password", 535, Phase.CONNECT, ours=True)
    sender.send(ready, DAY, transports=lambda: Relay(lambda _: ours))
    assert sender.audience(ready, DAY) == 2
    with ready.read() as session:
        rob = roster.find(session, addresses.parse("rob@example.org"))
    assert rob is not None
    assert sender.audience(ready, DAY, [rob.id]) == 1
    told = sender.send(ready, DAY, [rob.id])
    assert (told.audience, told.outcomes) == (1, {State.SENT: 1})
    assert [mail["To"] for mail in mails(home)] == ["rob@example.org"]
    rest = sender.send(ready, DAY)
    assert (rest.audience, rest.outcomes, rest.already) == (1, {State.SENT: 1}, 1)


def test_a_sender_that_lost_its_shard_sends_nothing_more(
    app: App, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [datetime(2026, 5, 7, 8, tzinfo=UTC)]
    monkeypatch.setattr("digest.handover.elapsed_s", lambda: clock[0].timestamp())
    app = App(app.settings, app.database, lambda: clock[0], app.secret, lambda _: clock[0])
    collect(app, [listing(home, DAY, ["Whale song decoded"])])
    for number in range(20):
        reader(app, f"r{number}@example.org")

    def overtaken(_: Message) -> Outcome:
        clock[0] += timedelta(hours=1)  # as if it had been stopped for that long
        with app.begin() as session:
            [run_id] = sender.runs.unfinished(session, DAY)
            outbox.claim_shard(session, run_id, owner="another", now=clock[0])
        return Outcome(State.SENT, "250 ok", 250, Phase.DOT)

    relay = Relay(overtaken)
    told = sender.send(app, DAY, transports=lambda: relay)
    assert len(relay.got) <= app.settings.connections
    assert told.outcomes[State.SENT] == 0
    assert told.outcomes.total() == told.audience == 20


def test_one_that_was_under_way_when_the_sender_died_is_in_doubt_and_not_sent_again(
    ready: App, home: Path
) -> None:
    class Killed(BaseException):
        """As good as SIGKILL: nothing of ours handles it."""

    def die(message: Message) -> Outcome:
        if message.to == "rob@example.org":
            raise Killed
        return Outcome(State.SENT, "250 ok", 250, Phase.DOT)

    with pytest.raises(Killed):
        sender.send(ready, DAY, transports=lambda: Relay(die))
    told = sender.send(ready, DAY)
    assert told.outcomes[State.IN_DOUBT] >= 1
    assert told.outcomes.total() == told.audience == 2
    assert "rob@example.org" not in [mail["To"] for mail in maybe(home)]
    assert sender.send(ready, DAY).audience in (0, 2)
    assert "rob@example.org" not in [mail["To"] for mail in maybe(home)]


def maybe(home: Path) -> list[EmailMessage]:
    return mails(home) if (home / "outbox" / "new").exists() else []


def test_why_names_the_stored_reasons_and_each_term_is_in_the_paper_or_the_profile(
    ready: App,
) -> None:
    sender.send(ready, DAY)
    rob = addresses.parse("rob@example.org")
    found = explain.why(ready, DAY, rob, "Robots that fold towels")
    assert found.pick is not None
    assert found.pick.reasons
    weights = [reason.weight for reason in found.pick.reasons]
    assert weights == sorted(weights, reverse=True)
    words = f"{found.paper.paper.title} {found.paper.paper.abstract}".casefold()
    terms = [r.text.casefold() for r in found.pick.reasons if r.kind in ("interest", "keyword")]
    assert terms
    for term in terms:
        assert term in words
        assert term in "robots that fold"


def test_why_tells_of_a_paper_that_was_not_picked_where_it_stood(ready: App) -> None:
    reader(ready, "mute@example.org", keywords=["tea"], mute=["whale"])
    sender.send(ready, DAY)
    found = explain.why(ready, DAY, addresses.parse("mute@example.org"), "Whale song decoded")
    assert found.pick is None
    assert found.now is not None
    assert "whale" in found.now.bar


def test_hostile_titles_reach_html_text_and_subject_harmless(app: App, home: Path) -> None:
    titles = [
        "</td><script>alert(1)</script>",
        "Nice\r\nBcc: victim@example.org\r\n\r\n<b>body</b>",
    ]
    collect(app, [listing(home, DAY, titles)])
    reader(app, "all@example.org")
    sender.send(app, DAY)
    [mail] = mails(home)
    assert mail["Bcc"] is None
    assert "\n" not in str(mail["Subject"])
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "<script" not in html
    assert "<b>body" not in html
    assert "&lt;/td&gt;&lt;script&gt;" in html
    assert "alert(1)" in text
    assert not any(line.startswith("Bcc:") for line in text.splitlines())


def test_today_is_the_utc_day_of_the_clock(app: App) -> None:
    late = App(app.settings, app.database, lambda: datetime(2026, 5, 7, 23, 59, tzinfo=UTC), b"x")
    assert today(late) == DAY


def test_a_paper_that_a_reader_liked_is_known_to_them_and_not_picked(ready: App) -> None:
    with ready.read() as session:
        towels = history.find(session, "Robots that fold towels")
    assert towels is not None
    reader(ready, "eva@example.org", liked=[towels.paper.id])
    shown = explain.preview(ready, addresses.parse("eva@example.org"), DAY)
    assert towels.id not in [pick.paper_id for pick in shown.digest.picks]
