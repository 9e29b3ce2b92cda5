"""Sign-ups decided and letters sent: one confirmation, and only by its button an active reader."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from digest import bounces, postman
from digest.app import App
from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.writing import ADDRESS, MOVED, WELCOME
from subscribers import address as addresses
from subscribers import preferences, roster, signup, suppression
from subscribers.consent import Consent, ConsentKind, Reason, Status
from subscribers.errors import BadToken
from subscribers.person import Subscriber
from tests.stories.test_send import Relay

NOON = datetime(2026, 5, 7, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> list[datetime]:
    return [NOON]


@pytest.fixture
def desk(app: App, clock: list[datetime]) -> App:
    """An App whose clock a test moves."""
    return App(app.settings, app.database, lambda: clock[0], app.secret)


def ask(app: App, email: str = "ada@example.org", **fields: object) -> None:
    request = signup.Request(
        address=addresses.parse(email), fields=fields, source="form", at=app.clock()
    )
    with app.begin() as session:
        signup.put_down(session, [request])


def mails(home: Path) -> list[EmailMessage]:
    folder = home / "outbox" / "new"
    files = sorted(folder.iterdir()) if folder.exists() else []
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def token_in(mail: EmailMessage) -> str:
    found = re.search(r"/confirm/([\w-]+)", body(mail))
    assert found is not None
    return found[1]


def person(app: App, email: str = "ada@example.org") -> Subscriber | None:
    with app.read() as session:
        return roster.find(session, addresses.parse(email))


def confirm(app: App, token: str) -> Subscriber:
    with app.begin() as session:
        return signup.confirm(session, token, key=app.secret, now=app.clock())


def test_a_sign_up_leads_to_one_mail_and_its_link_to_an_active_reader(
    desk: App, home: Path
) -> None:
    ask(desk, interests=["whales"], zone="Europe/Berlin", hour=7)
    assert postman.post(desk) == 1
    pending = person(desk)
    assert pending is not None
    assert pending.status is Status.PENDING
    [mail] = mails(home)
    assert mail["To"] == "ada@example.org"
    reader = confirm(desk, token_in(mail))
    assert reader.status is Status.ACTIVE
    assert reader.profile.interests == ("whales",)
    assert (reader.schedule.zone, reader.schedule.hour) == ("Europe/Berlin", 7)
    assert confirm(desk, token_in(mail)).status is Status.ACTIVE


def test_many_sign_ups_of_one_address_are_one_row_and_one_mail(desk: App, home: Path) -> None:
    for number in range(150):
        ask(desk, "Ada@Example.org" if number % 2 else "ada@example.ORG")
    postman.post(desk)
    assert len(mails(home)) == 1
    with desk.read() as session:
        assert sum(roster.counts(session).values()) == 1


def test_one_confirmation_an_hour_and_three_a_day(
    desk: App, clock: list[datetime], home: Path
) -> None:
    sent = []
    for minutes in range(0, 60 * 26, 30):
        clock[0] = NOON + timedelta(minutes=minutes)
        ask(desk)
        postman.post(desk)
        sent.append(len(mails(home)))
    assert sent[:6] == [1, 1, 2, 2, 3, 3]
    assert sent[47] == 3
    assert sent[-1] > 3


def test_the_mail_carries_no_word_of_the_visitor_and_is_the_same_for_all(
    desk: App, clock: list[datetime], home: Path
) -> None:
    spam = "Buy at https://evil.example now"
    ask(desk, "new@example.org", interests=[spam], keywords=[spam])
    ask(desk, "old@example.org")
    postman.post(desk)
    old = next(mail for mail in mails(home) if mail["To"] == "old@example.org")
    confirm(desk, token_in(old))
    clock[0] += timedelta(hours=2)
    ask(desk, "old@example.org", interests=[spam])
    postman.post(desk)
    first, second, third = (
        re.sub(r"/confirm/[\w-]+", "/confirm/TOKEN", body(mail)) for mail in mails(home)
    )
    assert first == second == third
    assert "evil" not in first
    reader = person(desk, "old@example.org")
    assert reader is not None
    assert reader.status is Status.ACTIVE
    assert reader.profile.interests == ()


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_both_parts_say_the_same_and_carry_the_link(desk: App, home: Path, kind: str) -> None:
    ask(desk)
    postman.post(desk)
    [mail] = mails(home)
    assert "/confirm/" in body(mail, kind)
    assert "48 hours" in body(mail, kind)


def test_a_link_dies_after_48_hours(desk: App, clock: list[datetime], home: Path) -> None:
    ask(desk)
    postman.post(desk)
    [mail] = mails(home)
    clock[0] += timedelta(hours=49)
    with pytest.raises(BadToken, match="expired"):
        confirm(desk, token_in(mail))


def test_who_complained_is_never_asked_and_who_was_erased_may_come_back(
    desk: App, home: Path
) -> None:
    with desk.begin() as session:
        for name, reason in (("com", Reason.COMPLAINED), ("era", Reason.ERASED)):
            address = addresses.parse(f"{name}@example.org")
            suppression.suppress(session, address, reason, key=desk.secret, now=NOON, source="test")
    ask(desk, "com@example.org")
    ask(desk, "era@example.org")
    postman.post(desk)
    [mail] = mails(home)
    assert mail["To"] == "era@example.org"
    confirm(desk, token_in(mail))
    with desk.read() as session:
        erased = addresses.parse("era@example.org")
        assert suppression.reason_for(session, erased, key=desk.secret) is None


def test_a_link_does_not_bring_back_who_left_after_it_was_sent(desk: App, home: Path) -> None:
    ask(desk)
    postman.post(desk)
    [mail] = mails(home)
    reader = confirm(desk, token_in(mail))
    with desk.begin() as session:
        left = Consent(kind=ConsentKind.UNSUBSCRIBED, at=NOON, source="test")
        preferences.take_step(session, reader.id, left)
    with pytest.raises(BadToken, match="unsubscribed"):
        confirm(desk, token_in(mail))


def test_a_busy_relay_gets_the_same_letter_later_and_a_late_one_expires(
    desk: App, clock: list[datetime], home: Path
) -> None:
    got: list[Message] = []

    def busy(message: Message) -> Outcome:
        got.append(message)
        return Outcome(State.DEFERRED, "450 busy", 450, Phase.RCPT)

    ask(desk)
    postman.post(desk, lambda: Relay(busy))
    clock[0] += timedelta(minutes=6)
    postman.post(desk, lambda: Relay(busy))
    assert len(got) == 2
    assert got[0] == got[1]
    clock[0] += timedelta(days=3)
    assert postman.post(desk) == 0
    assert mails(home) == []


def test_a_relay_that_refuses_us_costs_the_letter_nothing(desk: App, home: Path) -> None:
    ours = Outcome(State.DEFERRED, "535 wrong password", 535, Phase.CONNECT, ours=True)
    ask(desk)
    assert postman.post(desk, lambda: Relay(lambda _: ours)) == 0
    assert postman.post(desk) == 1
    assert len(mails(home)) == 1


@pytest.mark.parametrize(
    ("kind", "reason", "goes"),
    [
        (ADDRESS, Reason.COMPLAINED, False),
        (ADDRESS, Reason.BOUNCED, True),
        (MOVED, Reason.BOUNCED, False),
        (MOVED, None, True),
    ],
)
def test_a_letter_to_another_address_asks_whether_that_one_may_be_written_to(
    desk: App, home: Path, kind: str, reason: Reason | None, goes: bool
) -> None:
    ask(desk)
    postman.post(desk)
    reader = confirm(desk, token_in(mails(home)[0]))
    postman.post(desk)
    other = addresses.parse("other@example.org")
    with desk.begin() as session:
        postman.queue(session, kind, reader.id, now=desk.clock(), about=other.as_typed)
        if reason is not None:
            suppression.suppress(
                session, other, reason, key=desk.secret, now=desk.clock(), source="test"
            )
    postman.post(desk)
    assert ("other@example.org" in [mail["To"] for mail in mails(home)]) == goes


def welcomed(app: App, home: Path) -> tuple[EmailMessage, bytes]:
    """The letter that a reader gets once they have confirmed, and its bytes."""
    ask(app)
    postman.post(app)
    reader = confirm(app, token_in(mails(home)[0]))
    with app.begin() as session:
        postman.queue(session, WELCOME, reader.id, now=app.clock())
    postman.post(app)
    [found] = [
        (mail, file.read_bytes())
        for file in (home / "outbox" / "new").iterdir()
        for mail in [message_from_bytes(file.read_bytes(), policy=policy.default)]
        if "Welcome" in str(mail["Subject"])
    ]
    return found


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_who_names_an_unsubscribe_link_lets_the_mailbox_press_it(
    desk: App, home: Path, scheme: str
) -> None:
    """RFC 8058, 3.1: one click is promised over https only; RFC 2369: or by mail."""
    changed = desk.settings.model_copy(update={"base_url": f"{scheme}://papers.example"})
    mail, data = welcomed(replace(desk, settings=changed), home)
    [link] = set(re.findall(r"https?://\S+/unsubscribe/([\w-]+)", body(mail)))
    ways = f"<{scheme}://papers.example/unsubscribe/{link}>"
    assert str(mail["List-Unsubscribe"]).startswith(f"{ways}, <mailto:")
    assert f"?subject=unsubscribe%20{link}>" in str(mail["List-Unsubscribe"])
    one_click = "List-Unsubscribe=One-Click" if scheme == "https" else None
    assert mail["List-Unsubscribe-Post"] == one_click
    assert f"List-Unsubscribe: {ways}".encode() in data  # in one line, not in encoded words
    took = bounces.take(desk, b"From: ada@example.org\nTo: us@example.org\nSubject: unsubscribe "
                        + link.encode() + b"\n\nbye\n")  # fmt: skip
    assert took.unsubscribed == 1


def test_a_letter_without_such_a_link_has_no_such_header(desk: App, home: Path) -> None:
    ask(desk)
    postman.post(desk)
    [mail] = mails(home)
    assert mail["List-Unsubscribe"] is None
    assert mail["List-Unsubscribe-Post"] is None


def test_only_the_message_says_which_mime_it_is(desk: App, home: Path) -> None:
    mail, data = welcomed(desk, home)
    assert mail["MIME-Version"] == "1.0"
    assert data.count(b"MIME-Version") == 1
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
