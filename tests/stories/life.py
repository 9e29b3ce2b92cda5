"""The life of subscribers, driven at random: whatever is asked, clicked, bounced, erased or
imported, in whatever order and at whatever time, mail goes only to whom it may.

A small model keeps what each owner of an address did; every message is judged by it as the relay
takes it.
"""

import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from pydantic import SecretStr

from digest import bounces, personal, postman, readers, sender
from digest.app import App
from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.pipeline import collect
from digest.settings import Settings
from digest.store.database import Database
from subscribers import address as addresses
from subscribers import entry, intake, roster, signup, tokens
from subscribers.address import Address
from subscribers.consent import Reason, Status
from subscribers.tokens import Purpose
from tests.stories.owner import BARRED, BOUNCES, COMPLAINT, FAILURE, LINK, REPORT, Link, Owner
from tests.stories.pages import pressed
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
REPORTS = st.sampled_from(["complaint", *BOUNCES])


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
        self.links: list[Link] = []
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
        return self.owners[self.name(address)]

    def name(self, address: str) -> str:
        return address.partition("@")[0].lower()

    def standing(self) -> dict[int, tuple[str, Status]]:
        """Who is there by now, under which name."""
        with self.app.read() as session:
            found = roster.search(session, "", limit=10)
        return {one.id: (self.name(one.address.key), one.status) for one in found}

    def holder(self, link: Link, purpose: Purpose) -> str | None:
        """The name of whose link it is by now; None for who was erased."""
        found = tokens.read(link.token, purpose, key=self.app.secret, now=self.now)
        return self.standing().get(found.subscriber_id, (None, None))[0]

    def press(self, path: str, **typed: str) -> httpx2.Response:
        """Press the button of a page."""
        answer = pressed(self.app, path, typed)
        assert answer.status_code < 500
        return answer

    def pick(self, page: str, number: int) -> Link | None:
        """One of the links to such a page that were ever mailed; 0 is the last."""
        found = [link for link in self.links if link.page == page]
        return found[-1 - number % len(found)] if found else None

    # -- what goes out, judged

    def judge(self, message: Message, outcome: Outcome, day: date | None) -> Outcome:
        who = self.owner(message.to)
        mail = message_from_bytes(message.data, policy=policy.default)
        body = mail.get_body(("plain",))
        text = f"{mail['List-Unsubscribe']} {body.get_content() if body else ''}"
        links = [Link(page, path, self.name(message.to)) for path, page in LINK.findall(text)]
        if day is None:
            self._judge_letter(message, who, {link.page for link in links}, outcome)
        elif not who.may_get(day) or day in who.had:
            self.wrong.append(f"a digest of {day} to {message.to}: {who}")
        elif outcome.state is not State.DEFERRED:
            who.had.add(day)
        self.links += links
        self.mails.append(message)
        return outcome

    def _judge_letter(
        self, message: Message, who: Owner, pages: set[str], outcome: Outcome
    ) -> None:
        """What kind of letter it is, its links tell."""
        counts = outcome.state is not State.DEFERRED
        if "settings" in pages:
            fits = who.agreed and who.barred is None
        elif "confirm" in pages:
            fits = who.asked > 0 and who.barred not in BARRED
            who.asked -= counts
        elif "address" in pages:
            fits = who.offered > 0 and who.barred not in BARRED
            who.offered -= counts
        else:
            fits = who.told > 0 and who.barred is None
            who.told -= counts
        if not fits:
            self.wrong.append(f"a letter to {message.to} with links to {pages}: {who}")

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
        assert not self.wrong, self.wrong
        assert not told.paused

    @rule(outcome=OUTCOMES)
    def post(self, outcome: Outcome) -> None:
        for who in self.owners.values():
            who.asked, who.waiting = who.asked + who.waiting, 0
        relay = Relay(lambda message: self.judge(message, outcome, None))
        postman.post(self.app, lambda: relay)
        assert not self.wrong, self.wrong

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
            who.agree()

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
        if (link := self.pick("confirm", 0)) is not None:
            self._confirm(link)
        self.post(SENT)

    # -- the owner, or a program that presses every button

    @rule(number=NUMBERS)
    def click(self, number: int) -> None:
        """Any link ever mailed, used to confirm; only a confirmation's may do so."""
        if not self.links:
            return
        self._confirm(self.links[-1 - number % len(self.links)])

    def _confirm(self, link: Link) -> None:
        before = self.standing()
        answer = self.press(f"/confirm/{link.token}")
        for who, status in self.risen(before):
            assert (link.page, link.to) == ("confirm", who)
            assert status is Status.PENDING
            assert answer.status_code == 200
            owner = self.owners[who]
            owner.agree()
            owner.is_paused = False
            if owner.barred not in BARRED:
                owner.barred = None

    def risen(self, before: dict[int, tuple[str, Status]]) -> list[tuple[str, Status]]:
        """Who became active since then, and what they were."""
        return [
            before[who]
            for who, (_, status) in self.standing().items()
            if status is Status.ACTIVE and who in before and before[who][1] is not Status.ACTIVE
        ]

    @rule(number=NUMBERS, do=st.sampled_from(["unsubscribe", "unsubscribe", "pause", "resume"]))
    def step(self, number: int, do: str) -> None:
        """Pause, resume or leave by any link that may do so."""
        link = self.pick("unsubscribe", number)
        if link is None:
            return
        whose = self.holder(link, Purpose.UNSUBSCRIBE)
        told = self.press(link.path, do=do).text
        if whose is None:
            return
        owner = self.owners[whose]
        if do == "unsubscribe":
            assert "You are unsubscribed" in told
            owner.leave(self.now)
        elif do == "pause" and "Paused until" in told:
            owner.is_paused, owner.until = True, self.now.date() + timedelta(days=30)
        elif do == "resume" and "Welcome back" in told:
            owner.is_paused = False

    @rule()
    def leave(self) -> None:
        """By the latest link: without it, few short lives would have one who left."""
        self.step(0, "unsubscribe")

    @rule(number=NUMBERS)
    def undo(self, number: int) -> None:
        """Undo leaving: for who had agreed, was barred by nobody, and has the mail."""
        link = self.pick("unsubscribe", number)
        if link is None:
            return
        before = self.standing()
        self.press(link.path, do="undo")
        for who, status in self.risen(before):
            owner = self.owners[who]
            assert (link.to, status) == (who, Status.UNSUBSCRIBED)
            assert (owner.has_agreed, owner.barred) == (True, None)
            owner.agree()

    @rule(number=NUMBERS, use=st.sampled_from(["confirm", "unsubscribe", "settings"]),
          place=st.integers(0, 43), do=st.sampled_from(["unsubscribe", "undo"]))  # fmt: skip
    def forge(self, number: int, use: str, place: int, do: str) -> None:
        """A link with another letter in it does nothing at all."""
        if not self.links:
            return
        token = self.links[-1 - number % len(self.links)].token
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        before = self.standing()
        assert self.press(f"/{use}/{changed}", do=do).status_code == 400
        assert self.standing() == before

    @rule(number=NUMBERS, kind=st.sampled_from(["more", "less"]))
    def say(self, number: int, kind: str) -> None:
        """A word about a paper, which agrees to nothing."""
        link = self.pick("feedback", number)
        if link is not None:
            before = self.standing()
            self.press(f"{link.path}/{kind}/1", do="give")
            assert self.standing() == before

    @rule(number=NUMBERS, email=PEOPLE)
    def ask_to_move(self, number: int, email: str) -> None:
        """Ask for another address; its owner has to say yes."""
        link = self.pick("settings", number)
        if link is None:
            return
        path = link.path.partition("#")[0]
        answer = self.press(f"{path}/address", address=email)
        if answer.status_code == 303 and self.owner(email).barred not in BARRED:
            self.owner(email).offered += 1

    @rule(number=NUMBERS)
    def move(self, number: int) -> None:
        """Say yes at the new address: what was agreed moves there."""
        link = self.pick("address", number)
        if link is None:
            return
        before = self.standing()
        self.press(link.path)
        for who, (new, _) in self.standing().items():
            old = before[who][0]
            if old != new:
                assert new == link.to
                self._moved(old, new)

    def _moved(self, old: str, new: str) -> None:
        left, here = self.owners[old], self.owners[new]
        barred = here.barred if here.barred in BARRED else None
        self.owners[new] = replace(left, barred=barred, waiting=here.waiting,
                                   offered=here.offered, told=here.told)  # fmt: skip
        self.owners[old] = Owner(barred=left.barred, waiting=left.waiting, offered=left.offered,
                                 told=left.told + (left.barred not in BARRED))  # fmt: skip

    @rule(number=NUMBERS, kind=REPORTS)
    def report(self, number: int, kind: str) -> None:
        """A complaint about any digest ever sent, or word that it could not be delivered."""
        digests = [one for one in self.mails if b"List-Unsubscribe:" in one.data]
        if not digests:
            return
        mail = digests[-1 - number % len(digests)]
        is_complaint = kind == "complaint"
        part = COMPLAINT if is_complaint else FAILURE % (mail.to.encode(), BOUNCES[kind])
        name = b"feedback-report" if is_complaint else b"delivery-status"
        values = {b"kind": name, b"part": part, b"mail": mail.data, b"number": number}
        before, barred = self.standing(), self.barred()
        taken = bounces.take(self.app, REPORT % values)
        assert not taken.failed
        assert not (kind == "ours" and taken.suppressed)
        self._learned(before, barred, taken)

    def barred(self) -> dict[str, Reason | None]:
        with self.app.read() as session:
            return {
                name: readers.reason_for(session, self.app, parsed(f"{name}@example.org"))
                for name in self.owners
            }

    def _learned(
        self, before: dict[int, tuple[str, Status]], barred: dict[str, Reason | None],
        taken: bounces.Taken,
    ) -> None:  # fmt: skip
        """Whom a report bars or unsubscribes: who has the address by now."""
        changed = {name: why for name, why in self.barred().items() if why != barred[name]}
        assert len(changed) == taken.suppressed
        for name, why in changed.items():
            self.owners[name].barred = why
        for who, (name, status) in self.standing().items():
            if status is Status.UNSUBSCRIBED and before[who][1] is not status:
                self.owners[name].leave(self.now)


def parsed(email: str) -> Address:
    return addresses.parse(email)


def collect_day(app: App, home: Path, day: date, more: str = "") -> None:
    name = listing(home, day, [f"{title} on day {day.day} {more}" for title in TITLES])
    collect(app, [str(home / name)])
