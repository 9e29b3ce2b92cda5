"""The life of subscribers, driven at random: whatever is asked, clicked, bounced, erased or
imported, in whatever order and at whatever time, mail goes only to whom it may.

A small model keeps what each owner of an address did; every message is judged by it as the relay
takes it.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from pydantic import SecretStr

from digest import bounces, personal, postman, readers, sender
from digest.app import App
from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.pipeline import collect
from digest.settings import Settings
from digest.store.database import Database
from subscribers import address as addresses
from subscribers import entry, intake, preferences, roster, signup, tokens
from subscribers.address import Address
from subscribers.consent import Consent, ConsentKind, Reason
from subscribers.errors import BadStep, BadToken
from subscribers.tokens import Purpose
from tests.stories.test_send import Relay, listing

NOON = datetime(2026, 5, 7, 12, tzinfo=UTC)
DAYS = [date(2026, 5, 7) + timedelta(days=n) for n in range(3)]
TITLES = ["Robots that fold towels", "Whale song decoded", "A tea ceremony"]
PEOPLE = st.sampled_from(["ada@example.org", "bob@example.org", "cy@example.org"])
SENT = Outcome(State.SENT, "250 ok", 250, Phase.DOT)
OUTCOMES = st.sampled_from(
    [
        SENT,
        SENT,
        Outcome(State.DEFERRED, "450 busy", 450, Phase.RCPT),
        Outcome(State.IN_DOUBT, "no reply", None, Phase.DOT),
    ]
)
NUMBERS = st.integers(0, 50)
LINK = re.compile(r"/(confirm|unsubscribe)/([\w-]{44})")
REPORT = (
    b"From: <fbl@isp.example>\r\nTo: <bounces@example.org>\r\nSubject: report\r\nMIME-Version: 1.0"
    b'\r\nContent-Type: multipart/report; report-type=%(kind)s; boundary="x"\r\n\r\n--x\r\n'
    b"Content-Type: text/plain\r\n\r\nSee below. %(number)d\r\n--x\r\n%(part)s\r\n\r\n--x\r\n"
    b"Content-Type: message/rfc822\r\n\r\n%(mail)s\r\n--x--\r\n"
)
COMPLAINT = (
    b"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"
    b"User-Agent: isp/1\r\nVersion: 1\r\n"
)
FAILURE = (
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; isp.example\r\n\r\n"
    b"Final-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: 5.1.1\r\n"
)


@dataclass
class Owner:
    """What one person did, as far as it decides what mail they may get."""

    agreed: bool = False
    is_paused: bool = False
    until: date | None = None
    barred: Reason | None = None
    left_at: datetime | None = None
    waiting: int = 0  # requests that were put down
    asked: int = 0  # requests that were decided, and may lead to a confirmation mail
    had: set[date] = field(default_factory=set)

    def may_get(self, day: date) -> bool:
        rests = self.is_paused and (self.until is None or self.until > day)
        return self.agreed and self.barred is None and not rests

    def leave(self, now: datetime) -> None:
        self.agreed = self.is_paused = False
        self.asked, self.left_at = 0, now


class Life(RuleBasedStateMachine):
    """One installation, three people, and everybody who may do something to them."""

    def __init__(self, template: Path) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="digest-life-"))
        file = shutil.copy(template, self.home / "digest.db")
        self.now = NOON
        config = Settings(database_url=f"sqlite:///{file}", secret=SecretStr("s" * 32))
        self.app = App(config, Database(config.database_url), lambda: self.now, b"s" * 32)
        self.owners = {name: Owner() for name in ("ada", "bob", "cy")}
        self.links: list[tuple[str, str]] = []
        self.mails: list[Message] = []
        self.wrong: list[str] = []

    def teardown(self) -> None:
        """Every life ends with a try to send everything to everybody."""
        try:
            if not self.wrong:
                self.post(SENT)
                for day in DAYS:
                    self.send(day, SENT)
        finally:
            self.close()

    def close(self) -> None:
        self.app.database.engine.dispose()
        shutil.rmtree(self.home)

    def owner(self, address: str) -> Owner:
        return self.owners[address.partition("@")[0].lower()]

    # -- what goes out, judged

    def judge(self, message: Message, outcome: Outcome, day: date | None) -> Outcome:
        who = self.owner(message.to)
        mail = message_from_bytes(message.data, policy=policy.default)
        body = mail.get_body(("plain",))
        text = f"{mail['List-Unsubscribe']} {body.get_content() if body else ''}"
        if day is None:
            self._judge_letter(message, who, outcome)
        elif not who.may_get(day) or day in who.had:
            self.wrong.append(f"a digest of {day} to {message.to}: {who}")
        elif outcome.state is not State.DEFERRED:
            who.had.add(day)
        self.links += [(kind, token) for kind, token in LINK.findall(text)]
        self.mails.append(message)
        return outcome

    def _judge_letter(self, message: Message, who: Owner, outcome: Outcome) -> None:
        if who.asked < 1 or who.barred in (Reason.COMPLAINED, Reason.BY_HAND):
            self.wrong.append(f"a letter to {message.to}: {who}")
        who.asked -= outcome.state is not State.DEFERRED

    # -- the operator

    @initialize(email=PEOPLE)
    def begin(self, email: str) -> None:
        self.join(email)
        self.send(DAYS[0], SENT)

    @rule(day=st.sampled_from(DAYS))
    def listed(self, day: date) -> None:
        """More papers than there were, so that an empty digest may be made again."""
        collect_day(self.app, self.home, day, f"as of {self.now:%d %H}")

    @rule(day=st.sampled_from(DAYS), outcome=OUTCOMES)
    def send(self, day: date, outcome: Outcome) -> None:
        relay = Relay(lambda message: self.judge(message, outcome, day))
        told = sender.send(self.app, day, transports=lambda: relay)
        assert (self.wrong, told.paused) == ([], "")

    @rule(outcome=OUTCOMES)
    def post(self, outcome: Outcome) -> None:
        for who in self.owners.values():
            who.asked, who.waiting = who.asked + who.waiting, 0
        relay = Relay(lambda message: self.judge(message, outcome, None))
        postman.post(self.app, lambda: relay)
        assert not self.wrong

    @rule(hours=st.sampled_from([-30, -2, 1, 2, 25, 49]))
    def clock_jumps(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(email=PEOPLE, hours_ago=st.sampled_from([0, 3, 100]))
    def import_row(self, email: str, hours_ago: int) -> None:
        at, who = self.now - timedelta(hours=hours_ago), self.owner(email)
        row = entry.read(
            {"email": email, "confirmed_at": at, "consent_source": "form"}, now=self.now
        )
        with self.app.begin() as session:
            intake.take_in(session, [row], now=self.now, secret=self.app.secret)
        is_newer = who.left_at is None or at > who.left_at
        if not who.agreed and who.barred is None and is_newer:
            who.agreed = True

    @rule(email=PEOPLE)
    def suppress(self, email: str) -> None:
        with self.app.begin() as session:
            readers.suppress(session, self.app, parsed(email), Reason.BY_HAND, source="test")
        who = self.owner(email)
        who.barred = who.barred or Reason.BY_HAND

    @rule(email=PEOPLE)
    def lift(self, email: str) -> None:
        with self.app.begin() as session:
            readers.lift(session, self.app, parsed(email))
        who = self.owner(email)
        if who.barred is Reason.ERASED:  # nothing is known of them any more
            who.left_at = None
        who.barred = None

    @rule(email=PEOPLE)
    def erase(self, email: str) -> None:
        existed = personal.erase(self.app, parsed(email), source="test")
        before = self.owner(email)
        if existed:
            fresh = Owner(barred=before.barred or Reason.ERASED, left_at=self.now)
            self.owners[email.partition("@")[0]] = fresh

    # -- anybody

    @rule(email=PEOPLE, shout=st.booleans())
    def ask(self, email: str, shout: bool) -> None:
        typed = parsed(email.upper() if shout else email)
        one = signup.Request(address=typed, fields={}, source="form", at=self.now)
        with self.app.begin() as session:
            signup.put_down(session, [one])
        self.owner(email).waiting += 1

    @rule(email=PEOPLE)
    def join(self, email: str) -> None:
        """The common way in, so that a sequence soon has somebody to lose."""
        self.ask(email, shout=False)
        self.post(SENT)
        self.click(0)

    # -- the owner, or a scanner that presses every button

    @rule(number=NUMBERS)
    def click(self, number: int) -> None:
        """Any link ever mailed, used to confirm; only a confirmation's may do so."""
        if not self.links:
            return
        kind, token = self.links[-1 - number % len(self.links)]
        try:
            with self.app.begin() as session:
                person = signup.confirm(session, token, key=self.app.secret, now=self.now)
        except BadToken:
            return
        assert kind == "confirm"
        who = self.owner(person.address.as_typed)
        if not who.agreed:
            who.agreed, who.is_paused = True, False
            if who.barred in (Reason.BOUNCED, Reason.ERASED):
                who.barred = None

    @rule(number=NUMBERS, kind=st.sampled_from([*ConsentKind][4:]), days=st.integers(0, 2))
    def step(self, number: int, kind: ConsentKind, days: int) -> None:
        """Pause, resume or leave by any link that may do so."""
        found = [token for what, token in self.links if what == "unsubscribe"]
        if not found or kind is ConsentKind.RESUBSCRIBED:
            return
        token = found[-1 - number % len(found)]
        until = DAYS[days] if kind is ConsentKind.PAUSED else None
        link = tokens.read(token, Purpose.UNSUBSCRIBE, key=self.app.secret, now=self.now)
        try:
            with self.app.begin() as session:
                person = roster.by_ids(session, [link.subscriber_id]).get(link.subscriber_id)
                if person is None:
                    return
                consent = Consent(kind=kind, at=self.now, source="page")
                preferences.take_step(session, person.id, consent, until=until)
        except BadStep:
            return
        who = self.owner(person.address.as_typed)
        if kind is ConsentKind.UNSUBSCRIBED:
            who.leave(self.now)
        else:
            who.is_paused, who.until = kind is ConsentKind.PAUSED, until

    @rule(number=NUMBERS, is_complaint=st.booleans())
    def report(self, number: int, is_complaint: bool) -> None:
        """A complaint about any digest ever sent, or word that its mailbox is no more."""
        digests = [one for one in self.mails if b"List-Unsubscribe:" in one.data]
        if not digests:
            return
        mail = digests[-1 - number % len(digests)]
        part = COMPLAINT if is_complaint else FAILURE % mail.to.encode()
        kind = b"feedback-report" if is_complaint else b"delivery-status"
        values = {b"kind": kind, b"part": part, b"mail": mail.data, b"number": number}
        taken = bounces.take(self.app, REPORT % values)
        assert not taken.failed
        who = self.owner(mail.to)
        if taken.unsubscribed:
            who.leave(self.now)
        if taken.suppressed:
            who.barred = who.barred or (Reason.COMPLAINED if is_complaint else Reason.BOUNCED)


def parsed(email: str) -> Address:
    return addresses.parse(email)


def collect_day(app: App, home: Path, day: date, more: str = "") -> None:
    name = listing(home, day, [f"{title} on day {day.day} {more}" for title in TITLES])
    collect(app, [str(home / name)])


@pytest.fixture
def template(migrated_file: Path, tmp_path: Path) -> Path:
    """A history of three days, copied for every life."""
    file = Path(shutil.copy(migrated_file, tmp_path / "template.db"))
    life = Life(file)
    for day in DAYS:
        collect_day(life.app, tmp_path, day)
    with life.app.database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"VACUUM INTO '{tmp_path / 'full.db'}'")
    life.close()
    return tmp_path / "full.db"


def test_no_sequence_of_events_sends_mail_to_whom_it_must_not_go(template: Path) -> None:
    run_state_machine_as_test(
        lambda: Life(template),  # type: ignore[arg-type] # any maker of one will do
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def life(template: Path) -> Iterator[Life]:
    alive = Life(template)
    yield alive
    alive.teardown()  # sends everything to everybody, and judges it


ADA = "ada@example.org"


def test_an_old_confirmation_link_does_not_lift_a_complaint_or_the_operators_bar(
    life: Life,
) -> None:
    life.ask(ADA, shout=False)
    life.post(SENT)
    life.suppress(ADA)
    life.click(0)


def test_who_left_is_not_brought_back_by_a_stranger_and_an_old_file(life: Life) -> None:
    life.join(ADA)
    life.send(DAYS[0], SENT)
    life.step(0, ConsentKind.UNSUBSCRIBED, 0)
    life.clock_jumps(25)
    life.ask(ADA, shout=True)
    life.post(SENT)
    life.import_row(ADA, 100)


def test_a_request_that_waits_does_not_outlive_an_erasure(life: Life) -> None:
    life.join(ADA)
    life.clock_jumps(25)
    life.ask(ADA, shout=True)
    life.erase(ADA)


def test_the_judge_sees_a_digest_to_who_left(life: Life) -> None:
    life.join(ADA)
    life.owner(ADA).leave(NOON)
    with pytest.raises(AssertionError, match="a digest of 2026-05-07 to ada"):
        life.send(DAYS[0], SENT)
