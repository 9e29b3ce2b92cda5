"""What comes back: proven, counted once, with the right effect on the reader and on no other."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from digest import failures, sender
from digest.app import App, build
from digest.bounces import take
from digest.core import verp
from digest.core.bounce import Kind
from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.errors import MailboxError
from digest.pipeline import collect
from digest.settings import load
from digest.store import bounces as store
from digest.store.tables import BounceReportRow, BounceScoreRow, DeliveryRow
from subscribers import address as addresses
from subscribers import preferences, roster, suppression, tokens
from subscribers.consent import Consent, ConsentKind, Reason, Status
from subscribers.person import Subscriber
from subscribers.tables import SubscriberRow
from subscribers.tokens import Purpose
from tests import reports
from tests.mailboxd import Mailbox
from tests.stories.test_send import DAY, listing, reader


class Keeps:
    """A transport that keeps what it is given."""

    def __init__(self, kept: list[Message]) -> None:
        self.kept = kept

    async def __aenter__(self) -> "Keeps":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def hand_over(self, message: Message) -> Outcome:
        self.kept.append(message)
        return Outcome(State.SENT, "ok", 250, Phase.DOT)


@pytest.fixture
def app(home: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setenv("DIGEST_FROM", "Papers <papers@example.org>")
    monkeypatch.setenv("DIGEST_BOUNCE_ADDRESS", "bounces@example.org")
    return build(load())


@pytest.fixture
def sent(app: App, home: Path) -> dict[str, Message]:
    """Two readers' digests of a day, as they went out."""
    collect(app, [listing(home, DAY, ["Robots that fold towels", "Whale song decoded"])])
    for email in ("ada@example.net", "bob@example.net"):
        reader(app, email)
    return send(app, DAY)


def send(app: App, day: date) -> dict[str, Message]:
    kept: list[Message] = []
    sender.send(app, day, transports=lambda: Keeps(kept))
    return {message.to: message for message in kept}


def person(app: App, email: str) -> Subscriber:
    with app.read() as session:
        found = roster.find(session, addresses.parse(email))
    assert found is not None
    return found


def suppressed(app: App, email: str) -> Reason | None:
    with app.read() as session:
        return suppression.reason_for(session, addresses.parse(email), key=app.secret)


def logged(app: App, email: str) -> list[store.Logged]:
    who = person(app, email).id
    with app.read() as session:
        return store.of_subscriber(session, who)


def leave_token(app: App, email: str) -> str:
    who = person(app, email)
    return tokens.make(
        Purpose.UNSUBSCRIBE, who.id, key=app.secret, version=who.token_version, now=app.clock()
    )


def test_every_digest_has_an_envelope_sender_of_its_own(app: App, sent: dict[str, Message]) -> None:
    """standards.md 25: it names edition and subscriber, and is not From."""
    ada = sent["ada@example.net"]
    assert len({message.sender for message in sent.values()}) == 2
    [tag] = verp.candidates([ada.sender])
    said = verp.read(tag, app.secret)
    assert said is not None
    assert (said.day, said.subscriber_id) == (DAY, person(app, "ada@example.net").id)
    assert parseaddr(str(message_from_bytes(ada.data)["From"]))[1] == "papers@example.org"


def test_a_hard_bounce_suppresses_its_reader_at_once_and_no_other(
    app: App, sent: dict[str, Message]
) -> None:
    told = take(app, reports.dsn(to=sent["ada@example.net"].sender))
    assert (told.kinds, told.suppressed, told.unmatched) == ({Kind.HARD: 1}, 1, 0)
    assert suppressed(app, "ada@example.net") is Reason.BOUNCED
    assert suppressed(app, "bob@example.net") is None


def test_a_reader_whose_mailbox_is_gone_gets_nothing_more(
    app: App, sent: dict[str, Message], home: Path
) -> None:
    take(app, reports.dsn(to=sent["ada@example.net"].sender))
    next_day = DAY + timedelta(days=1)
    collect(app, [listing(home, next_day, ["A tea ceremony"])])
    assert list(send(app, next_day)) == ["bob@example.net"]


def test_the_ledger_keeps_saying_sent_and_the_report_stands_beside_it(
    app: App, sent: dict[str, Message]
) -> None:
    take(app, reports.dsn(to=sent["ada@example.net"].sender))
    [report] = logged(app, "ada@example.net")
    with app.read() as session:
        row = session.get_one(DeliveryRow, report.delivery_id)
        assert (row.state, row.subscriber_id) == (State.SENT, person(app, "ada@example.net").id)
    assert (report.kind, report.status) == (Kind.HARD, "5.1.1")


def test_a_forged_bounce_changes_nothing(app: App, sent: dict[str, Message]) -> None:
    """standards.md 39: neither a wrong tag nor a true address proves anything."""
    forged = sent["ada@example.net"].sender.replace("+", "+x")[:-1]
    tag = verp.make(f"digest.{DAY}.{person(app, 'ada@example.net').id}", b"x" * 32)
    for to in (forged, "bounces@example.org", f"bounces+{tag}@example.org"):
        told = take(app, reports.dsn(to=to))
        assert (told.suppressed, told.unmatched) == (0, 1)
    take(app, reports.arf(b"To: ada@example.net\n\nHi\n", rcpt_to="ada@example.net"))
    assert suppressed(app, "ada@example.net") is None
    assert person(app, "ada@example.net").status is Status.ACTIVE


def test_the_same_report_counts_once_however_it_is_read(
    app: App, sent: dict[str, Message], home: Path
) -> None:
    data = reports.dsn(to=sent["ada@example.net"].sender, status="4.2.2", diagnostic="")
    (home / "one.eml").write_bytes(data.replace(b"\n", b"\r\n"))
    assert take(app, data).again == 0
    assert take(app, home / "one.eml").again == 1
    assert take(app, "-", io.BytesIO(b"From x Thu May  7 06:00:00 2026\n" + data)).again == 1
    with app.read() as session:
        assert session.scalar(select(BounceScoreRow.score)) == 1.0


def test_two_reports_about_one_delivery_count_once(app: App, sent: dict[str, Message]) -> None:
    for n in range(9):
        take(app, reports.dsn(to=sent["ada@example.net"].sender, status="4.4.1", diagnostic=f"{n}"))
    assert len(logged(app, "ada@example.net")) == 9
    assert suppressed(app, "ada@example.net") is None


def test_policy_refusals_never_touch_a_reader(app: App, sent: dict[str, Message]) -> None:
    """standards.md 37: 5.7.26 for everybody, 0 suppressed."""
    for message in sent.values():
        for n in range(20):
            words = f"smtp; 550 5.7.26 unauthenticated {n}"
            told = take(app, reports.dsn(to=message.sender, status="5.7.26", diagnostic=words))
            assert told.kinds == {Kind.POLICY: 1}
    assert [suppressed(app, email) for email in sent] == [None, None]
    with app.read() as session:
        assert session.scalar(select(func.count()).select_from(BounceScoreRow)) == 0


def test_a_warning_and_a_vacation_notice_count_nothing(app: App, sent: dict[str, Message]) -> None:
    """standards.md 20."""
    to = sent["ada@example.net"].sender
    take(app, reports.dsn(to=to, action="delayed", status="4.4.1"))
    take(
        app, reports.notice("I am away.", sender="ada@example.net", to=to, subject="Out of office")
    )
    assert [report.points for report in logged(app, "ada@example.net")] == [0.0, 0.0]
    assert suppressed(app, "ada@example.net") is None


def days_of(app: App, bounces_on: Sequence[int], days: int) -> list[int]:
    """So many days of digests to one reader, taken by the relay at six; those of `bounces_on` come
    back at nine. On which days mail went out."""
    reader(app, "ada@example.net")
    who = person(app, "ada@example.net").id
    went = []
    for n in range(days):
        if suppressed(app, "ada@example.net"):
            break
        day = DAY + timedelta(days=n)
        with app.begin() as session:
            session.add(delivery(who, day))
        went.append(n)
        if n in bounces_on:
            to = verp.sender("bounces@example.org", f"digest.{day}.{who}", app.secret)
            nine = replace(app, clock=lambda day=day: datetime.combine(day, time(9), UTC))
            take(nine, reports.dsn(to=to, status="4.2.2", diagnostic=""))
    return went


def delivery(who: int, day: date) -> DeliveryRow:
    six = datetime.combine(day, time(6), UTC)
    return DeliveryRow(
        kind="digest", subscriber_id=who, local_day=day, shard=0, epoch=1, state=State.SENT,
        reason="", attempts=1, due_at=six, changed_at=six,
    )  # fmt: skip


def test_thirty_days_of_full_mailbox_end_after_a_week(app: App) -> None:
    """standards.md 38."""
    assert days_of(app, range(30), 30) == list(range(7))
    assert suppressed(app, "ada@example.net") is Reason.BOUNCED


def test_thirty_days_with_a_bounce_now_and_then_lose_no_mail(app: App) -> None:
    """standards.md 38: what is delivered between resets the score."""
    assert days_of(app, range(0, 30, 5), 30) == list(range(30))
    with app.read() as session:
        assert session.scalar(select(BounceScoreRow.score)) == 1.0


def test_a_week_of_trouble_that_ends_in_time_is_forgotten(app: App) -> None:
    assert days_of(app, [*range(6), *range(12, 18)], 30) == list(range(30))


def test_a_complaint_suppresses_and_unsubscribes_at_once(
    app: App, sent: dict[str, Message]
) -> None:
    """standards.md 36."""
    told = take(app, reports.arf(sent["ada@example.net"].data))
    assert (told.suppressed, told.unsubscribed) == (1, 1)
    assert suppressed(app, "ada@example.net") is Reason.COMPLAINED
    assert person(app, "ada@example.net").status is Status.UNSUBSCRIBED
    with app.read() as session:
        last = roster.consents(session, person(app, "ada@example.net").id)[-1]
    assert (last.kind, last.source) == (ConsentKind.UNSUBSCRIBED, "complaint")
    assert person(app, "bob@example.net").status is Status.ACTIVE


@pytest.mark.parametrize("kept", ["tag", "link", "message id"])
def test_a_complaint_with_the_address_blacked_out_finds_its_reader(
    app: App, sent: dict[str, Message], kept: str
) -> None:
    """standards.md 36: matched by what our own headers prove."""
    message = sent["ada@example.net"]
    data = message.data.replace(b"ada@example.net", b"[redacted]")
    if kept != "link":
        lines = data.split(b"\r\n")
        data = b"\r\n".join(line for line in lines if b"unsubscribe" not in line.lower())
    if kept != "message id":
        data = data.replace(message.message_id.encode(), b"<gone@example.org>")
    told = take(app, reports.arf(data, mail_from=message.sender if kept == "tag" else ""))
    assert (told.suppressed, told.unmatched) == (1, 0)
    assert suppressed(app, "ada@example.net") is Reason.COMPLAINED
    assert suppressed(app, "bob@example.net") is None


def test_a_bounce_to_the_plain_mailbox_is_matched_by_the_returned_headers(
    app: App, sent: dict[str, Message]
) -> None:
    data = reports.dsn(to="papers@example.org", returned=sent["ada@example.net"].data)
    assert take(app, data).suppressed == 1
    [report] = logged(app, "ada@example.net")
    assert report.delivery_id is not None


def test_the_bounce_of_a_former_address_does_not_suppress_the_new_one(
    app: App, sent: dict[str, Message]
) -> None:
    ada = person(app, "ada@example.net")
    with app.begin() as session:
        new = {"address": "new@example.net", "address_key": "new@example.net"}
        session.execute(update(SubscriberRow).where(SubscriberRow.id == ada.id).values(new))
    message = sent["ada@example.net"]
    told = take(app, reports.dsn(to=message.sender, returned=message.data))
    assert (told.suppressed, told.unmatched) == (0, 1)
    assert suppressed(app, "new@example.net") is None


def test_leaving_by_mail_works_as_the_mail_itself_says(app: App, sent: dict[str, Message]) -> None:
    """standards.md 19: the mailto: of List-Unsubscribe, filled in by the mail program."""
    from urllib.parse import parse_qs, urlsplit

    ways = str(message_from_bytes(sent["ada@example.net"].data)["List-Unsubscribe"])
    url = urlsplit(ways.split("<mailto:")[1].rstrip(">"))
    mail = reports.notice(
        "", sender="Ada <ada@example.net>", to=url.path, subject=parse_qs(url.query)["subject"][0]
    )
    assert take(app, mail).unsubscribed == 1
    assert person(app, "ada@example.net").status is Status.UNSUBSCRIBED
    assert suppressed(app, "ada@example.net") is None
    assert take(app, mail).unsubscribed == 0
    again = mail.replace(b"Ada <", b"Ada A <")
    assert (take(app, again).unsubscribed, take(app, again).failed) == (0, [])


def test_leaving_needs_a_token_that_is_ours_and_meant_for_it(
    app: App, sent: dict[str, Message]
) -> None:
    who = person(app, "ada@example.net")
    settings = tokens.make(
        Purpose.SETTINGS, who.id, key=app.secret, version=who.token_version, now=app.clock()
    )
    for token in (settings, "A" * 44, ""):
        mail = reports.notice("", sender="ada@example.net", subject=f"unsubscribe {token}")
        told = take(app, mail)
        assert (told.unsubscribed, told.unmatched, told.left) == (0, 1, ["the mail"])
    assert person(app, "ada@example.net").status is Status.ACTIVE


def test_a_reader_who_left_by_mail_gets_nothing_more(app: App, home: Path) -> None:
    reader(app, "ada@example.net")
    mail = reports.notice("", subject=f"unsubscribe {leave_token(app, 'ada@example.net')}")
    take(app, mail)
    collect(app, [listing(home, DAY, ["Whale song decoded"])])
    assert send(app, DAY) == {}


def test_neither_address_nor_token_is_kept_in_the_log(app: App, sent: dict[str, Message]) -> None:
    token = leave_token(app, "ada@example.net")
    words = "smtp; 550 5.1.1 <ada@example.net>: user ADA unknown; ada@example.net gone"
    take(app, reports.dsn(to=sent["ada@example.net"].sender, diagnostic=words))
    take(app, reports.notice("", subject=f"unsubscribe {token}"))
    with app.read() as session:
        kept = " ".join(session.scalars(select(BounceReportRow.diagnostic)))
    assert "unknown" in kept
    assert "ada" not in kept.lower()
    assert token not in kept


def test_an_erased_reader_is_forgotten_and_late_bounces_do_no_harm(
    app: App, sent: dict[str, Message]
) -> None:
    from subscribers import erasure

    to = sent["ada@example.net"].sender
    take(app, reports.dsn(to=to, status="4.2.2", diagnostic=""))
    with app.begin() as session:
        address = addresses.parse("ada@example.net")
        erasure.erase(session, address, key=app.secret, now=app.clock(), source="test")
        assert session.scalar(select(func.count()).select_from(BounceScoreRow)) == 0
    told = take(app, reports.dsn(to=to))
    assert (told.kinds, told.failed) == ({Kind.HARD: 1}, [])


def maildir(home: Path, mails: dict[str, bytes]) -> Path:
    for folder in ("new", "cur", "tmp"):
        (home / "box" / folder).mkdir(parents=True)
    for name, data in mails.items():
        (home / "box" / name).write_bytes(data)
    return home / "box"


def test_a_maildir_is_read_and_what_is_dealt_with_is_seen(
    app: App, sent: dict[str, Message], home: Path
) -> None:
    ada, bob = sent["ada@example.net"].sender, sent["bob@example.net"].sender
    box = maildir(
        home,
        {
            "new/1": reports.dsn(to=ada),
            "new/2": reports.notice("Hi!", sender="x@y.example", subject="Hello"),
            "cur/3:2,F": reports.dsn(to=bob),
            "cur/4:2,S": reports.arf(sent["bob@example.net"].data),
        },
    )
    told = take(app, box)
    assert (told.suppressed, told.left) == (2, [str(box / "new" / "2")])
    assert [file.name for file in (box / "new").iterdir()] == ["2"]
    assert {file.name for file in (box / "cur").iterdir()} == {"1:2,S", "3:2,FS", "4:2,S"}
    assert take(app, box).again == 1


def test_a_mail_is_not_marked_before_it_is_kept(
    app: App, sent: dict[str, Message], home: Path
) -> None:
    box = maildir(home, {"new/1": reports.dsn(to=sent["ada@example.net"].sender)})
    with app.begin() as session:
        session.execute(text("ALTER TABLE bounce_reports RENAME TO away"))
    told = take(app, box)
    assert [one.name for one in told.failed] == [str(box / "new" / "1")]
    assert (box / "new" / "1").exists()
    with app.begin() as session:
        session.execute(text("ALTER TABLE away RENAME TO bounce_reports"))
    assert take(app, box).suppressed == 1


def test_an_unreadable_mail_is_named_and_the_rest_is_taken(
    app: App, sent: dict[str, Message], home: Path
) -> None:
    (home / "mails").mkdir()
    (home / "mails" / "a.eml").mkdir()
    (home / "mails" / "b.eml").write_bytes(b"")
    (home / "mails" / "c.eml").write_bytes(reports.dsn(to=sent["ada@example.net"].sender))
    told = take(app, home / "mails")
    assert told.suppressed == 1
    assert [one.name.rpartition("/")[2] for one in told.failed] == ["a.eml", "b.eml"]


def test_an_mbox_holds_several(app: App, sent: dict[str, Message], home: Path) -> None:
    line = b"From MAILER-DAEMON Thu May  7 06:00:00 2026\n"
    mails = [reports.dsn(to=message.sender) for message in sent.values()]
    (home / "box.mbox").write_bytes(b"".join(line + mail + b"\n" for mail in mails))
    assert take(app, home / "box.mbox").suppressed == 2


def test_an_imap_mailbox_is_read_and_marked(app: App, sent: dict[str, Message]) -> None:
    mails = {
        7: reports.dsn(to=sent["ada@example.net"].sender),
        8: reports.notice("Hi!", sender="x@y.example", subject="Hello"),
        9: reports.dsn(to=sent["bob@example.net"].sender),
    }
    with Mailbox(mails) as box:
        assert take(app, box.url).suppressed == 2
        assert box.seen == {7, 9}
        assert take(app, box.url).read == 1
        assert not any("DELETE" in command.upper() for command in box.commands)


def test_an_imap_connection_cut_between_keeps_what_was_taken(
    app: App, sent: dict[str, Message]
) -> None:
    mails = {n: reports.dsn(to=message.sender) for n, message in enumerate(sent.values(), 1)}
    with Mailbox(mails, drop_at="UID FETCH 2") as box:
        told = take(app, box.url)
        assert (told.suppressed, len(told.failed), box.seen) == (1, 1, {1})
        box.drop_at = "UID STORE 2"
        assert take(app, box.url).suppressed == 1
        box.drop_at = ""
        assert (take(app, box.url).again, box.seen) == (1, {1, 2})


def test_a_pop3_mailbox_loses_only_what_was_dealt_with(app: App, sent: dict[str, Message]) -> None:
    mails = {
        1: reports.dsn(to=sent["ada@example.net"].sender),
        2: b"Subject: long\n\n" + b"x" * 5000 + b"\n",  # ends the session of Python's client
        3: reports.notice("..Hi!\n.\n", sender="x@y.example", subject="Hello"),
        4: reports.dsn(to=sent["bob@example.net"].sender),
    }
    with Mailbox(dict(mails), protocol="pop3") as box:
        told = take(app, box.url)
        assert (told.suppressed, len(told.failed), len(told.left)) == (2, 1, 1)
        assert sorted(box.mails) == [2, 3]


def test_a_pop3_connection_cut_before_the_end_loses_no_mail(
    app: App, sent: dict[str, Message]
) -> None:
    mails = {n: reports.dsn(to=message.sender) for n, message in enumerate(sent.values(), 1)}
    with Mailbox(mails, protocol="pop3", drop_at="QUIT") as box:
        told = take(app, box.url)
        assert (told.suppressed, len(told.failed), sorted(box.mails)) == (2, 1, [1, 2])
        box.drop_at = ""
        assert take(app, box.url).again == 2
        assert box.mails == {}


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_wrong_password_is_one_line_that_does_not_repeat_it(app: App, protocol: str) -> None:
    with Mailbox({}, protocol=protocol) as box:
        url = box.url.replace("pa%20", "sesame")
        with pytest.raises(MailboxError, match="wrong user or password") as e:
            take(app, url)
    assert "sesame" not in str(e.value)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    "source",
    ["nowhere.eml", "gopher://x/y", "imap://127.0.0.1/INBOX", "imaps://u:p@127.0.0.1:x/",
     "imaps://u:sesame@127.0.0.1:1/INBOX", "pop3s://u:sesame@127.0.0.1:1/"],
)  # fmt: skip
def test_a_source_that_cannot_be_opened_is_one_clear_line(app: App, source: str) -> None:
    with pytest.raises(MailboxError) as e:
        take(app, source)
    assert "\n" not in str(e.value)
    assert "sesame" not in str(e.value)


@pytest.mark.parametrize(
    ("reply", "phase", "kind", "reason"),
    [
        ("5.1.1 no such user", Phase.MAIL, Kind.HARD, Reason.BOUNCED),
        ("no such user", Phase.MAIL, Kind.HARD, Reason.BOUNCED),
        ("5.2.2 mailbox full", Phase.MAIL, Kind.SOFT, None),
        ("no such user of spam filter", Phase.MAIL, Kind.POLICY, None),
        ("rejected by content; no such user", Phase.DOT, Kind.POLICY, None),
        ("unsupported: no SMTPUTF8", Phase.CONNECT, Kind.POLICY, None),
    ],
)
def test_what_the_relay_refuses_at_once_counts_alike_and_once(
    app: App, sent: dict[str, Message], reply: str, phase: Phase, kind: Kind, reason: Reason | None
) -> None:
    who = person(app, "ada@example.net").id
    for _ in range(9):
        with app.begin() as session:
            found = failures.from_outcome(
                session, Outcome(State.BOUNCED, reply, 550, phase), delivery_id=1,
                subscriber_id=who, key=app.secret, now=app.clock(),
            )  # fmt: skip
        assert found is kind
    assert suppressed(app, "ada@example.net") is reason
    assert len(logged(app, "ada@example.net")) == 1


def test_an_outcome_that_is_no_bounce_or_ours_counts_nothing(
    app: App, sent: dict[str, Message]
) -> None:
    who = person(app, "ada@example.net").id
    outcomes = [
        Outcome(State.SENT, "ok", 250, Phase.DOT),
        Outcome(State.DEFERRED, "4.2.2 full", 452, Phase.MAIL),
        Outcome(State.BOUNCED, "5.1.1 no such user", 550, Phase.MAIL, ours=True),
    ]
    for outcome in outcomes:
        with app.begin() as session:
            found = failures.from_outcome(
                session, outcome, delivery_id=1, subscriber_id=who, key=app.secret, now=app.clock()
            )
        assert found is None
    assert logged(app, "ada@example.net") == []


def test_a_reader_who_paused_or_left_before_is_suppressed_too(
    app: App, sent: dict[str, Message]
) -> None:
    ada = person(app, "ada@example.net")
    with app.begin() as session:
        gone = Consent(kind=ConsentKind.UNSUBSCRIBED, at=app.clock(), source="test")
        preferences.take_step(session, ada.id, gone)
    told = take(app, reports.arf(sent["ada@example.net"].data))
    assert (told.suppressed, told.unsubscribed, told.failed) == (1, 0, [])


def test_bytes_of_any_kind_are_taken(app: App) -> None:
    for data in (b"", b"\x00\xff" * 100, b"From: x\n\n", b"Content-Type: multipart/report\n\n"):
        assert take(app, data).failed == []
