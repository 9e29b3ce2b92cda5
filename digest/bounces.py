"""Story: what comes back. A mail -> what it says -> whose message it is about -> what follows.

Whose it is must be proven: by the signed tag of the envelope address it came in by, by a signed
link in what it returns of our message, or by that message's own Message-ID, which is an HMAC. An
address written into a mail proves nothing, so a forged bounce changes nothing.

A delivery that the relay took stays `sent` in the ledger, which says what became of the hand-over:
the report stands beside it in the log of bounces, with the delivery's id.
"""

import logging
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.orm import Session

from digest.app import App
from digest.core import verp
from digest.core.bounce import BounceReport, Kind, fingerprint, read_report
from digest.core.message import message_id
from digest.errors import DigestError, MailboxError
from digest.failures import Failed, count, without_addresses
from digest.mail.inbox import open_inbox
from digest.store import bounces as store
from digest.store.bounces import Logged, Promised
from subscribers import address as addresses
from subscribers import preferences, roster, suppression, tokens
from subscribers.consent import Consent, ConsentKind, Reason
from subscribers.errors import BadAddress, BadStep, BadToken, SubscriberError
from subscribers.person import Subscriber
from subscribers.tokens import Purpose

log = logging.getLogger(__name__)

BOUNCES = (Kind.HARD, Kind.SOFT, Kind.POLICY)
_FEEDBACK_DAY = 8  # "20260507:digest:daily:example.org"


@dataclass(frozen=True, slots=True)
class Unread:
    """A mail that could not be taken, by its name, and why."""

    name: str
    reason: str


@dataclass(slots=True)
class Taken:
    """What was read: `kinds` of new mails, `again` those read before, `unmatched` those that
    proved no message of ours, and what followed. `left` are for a person to read."""

    kinds: Counter[Kind] = field(default_factory=Counter)
    again: int = 0
    unmatched: int = 0
    suppressed: int = 0
    unsubscribed: int = 0
    left: list[str] = field(default_factory=list)
    failed: list[Unread] = field(default_factory=list)

    @property
    def read(self) -> int:
        return sum(self.kinds.values()) + self.again


@dataclass(frozen=True, slots=True)
class Target:
    """Whose message it is proven to be about."""

    subscriber_id: int
    delivery: Promised | None


def take(app: App, source: str | Path | bytes, stdin: BinaryIO | None = None) -> Taken:
    """Take every mail of `source`: a mail's bytes, a file, folder, Maildir, URL, or "-".

    Each is a transaction of its own, and its mailbox hears that it is done after the commit. One
    that cannot be read stops no other. MailboxError if the source cannot be opened at all.
    """
    taken = Taken()
    if isinstance(source, bytes):
        _one(app, "the mail", source, taken)
        return taken
    is_open = False
    try:
        with open_inbox(str(source), stdin or sys.stdin.buffer) as inbox:
            is_open = True
            for mail in inbox:
                if mail.problem:
                    taken.failed.append(Unread(mail.name, mail.problem))
                elif _one(app, mail.name, mail.data, taken):
                    inbox.done(mail)
    except MailboxError as error:
        if not is_open:
            raise
        taken.failed.append(Unread("the mailbox", str(error)))  # what was taken is kept
    log.info("took", extra={kind.value: n for kind, n in taken.kinds.items()})
    return taken


def _one(app: App, name: str, data: bytes, taken: Taken) -> bool:
    """Take one mail; whether it is dealt with, or must be left for a person."""
    try:
        return _Taking(app, data, taken).take(name)
    except (DigestError, SubscriberError) as error:
        taken.failed.append(Unread(name, str(error)))
    except Exception as error:  # one mail of a stranger must not stop the rest
        log.exception("not taken", extra={"mail": fingerprint(data)})
        taken.failed.append(Unread(name, f"{type(error).__name__}: {error}"))
    return False


class _Taking:
    """One mail in hand."""

    def __init__(self, app: App, data: bytes, taken: Taken) -> None:
        self._app, self._taken = app, taken
        self._now = app.clock()
        self._report = read_report(data)
        self._fingerprint = fingerprint(data)

    def take(self, name: str) -> bool:
        told = Taken()
        with self._app.begin() as session:
            target = _target(session, self._app, self._report, self._now)
            if store.is_known(session, self._fingerprint):
                told.again = 1
            else:
                told.kinds[self._report.kind] = 1
                self._act(session, target, told)
        self._add(told)
        kind = self._report.kind
        if kind is Kind.UNKNOWN or (kind is Kind.UNSUBSCRIBE and target is None):
            self._taken.left.append(name)
            return False
        return True

    def _add(self, told: Taken) -> None:
        """What is committed counts."""
        self._taken.kinds.update(told.kinds)
        for name in ("again", "unmatched", "suppressed", "unsubscribed"):
            setattr(self._taken, name, getattr(self._taken, name) + getattr(told, name))

    def _act(self, session: Session, target: Target | None, told: Taken) -> None:
        report = self._report
        needs_target = report.kind not in (Kind.AUTO_REPLY, Kind.UNKNOWN)
        if target is None or not needs_target:
            told.unmatched += needs_target
            store.log(session, self._logged(target))
        elif report.kind in BOUNCES:
            told.suppressed += self._count(session, target)
        elif store.log(session, self._logged(target)):
            self._leave(session, target, told)

    def _count(self, session: Session, target: Target) -> bool:
        report = self._report
        failed = Failed(
            fingerprint=self._fingerprint,
            kind=report.kind,
            subscriber_id=target.subscriber_id,
            delivery_id=target.delivery.delivery_id if target.delivery else None,
            status=report.status,
            diagnostic=report.diagnostic,
            final=report.final,
        )
        return count(session, failed, key=self._app.secret, now=self._now)

    def _leave(self, session: Session, target: Target, told: Taken) -> None:
        person = roster.by_ids(session, [target.subscriber_id]).get(target.subscriber_id)
        if person is None:
            return
        how = "mail to the unsubscribe address"
        if self._report.kind is Kind.COMPLAINT:
            how = "complaint"
            told.suppressed += self._suppress(session, person)
        consent = Consent(kind=ConsentKind.UNSUBSCRIBED, at=self._now, source=how)
        try:
            preferences.take_step(session, person.id, consent)
            told.unsubscribed += 1
        except BadStep:  # they had left before
            return

    def _suppress(self, session: Session, person: Subscriber) -> bool:
        source = f"complaint {self._fingerprint[:12]}"
        return suppression.suppress(
            session,
            person.address,
            Reason.COMPLAINED,
            key=self._app.secret,
            now=self._now,
            source=source,
        )

    def _logged(self, target: Target | None) -> Logged:
        report = self._report
        delivery = target.delivery if target else None
        return Logged(
            fingerprint=self._fingerprint,
            at=self._now,
            kind=report.kind,
            subscriber_id=target.subscriber_id if target else None,
            delivery_id=delivery.delivery_id if delivery else None,
            status=report.status,
            diagnostic=without_addresses(report.diagnostic),
        )


def _target(session: Session, app: App, report: BounceReport, now: datetime) -> Target | None:
    """Whose message the report proves to be about; None if it proves nothing, or if it bounced
    from an address that the reader has left since."""
    if report.kind is Kind.UNSUBSCRIBE:
        return _by_token(report, app, now)
    found = _by_tag(session, app, report)
    if found is None:
        linked = _by_token(report, app, now)
        found = _by_message(session, app, report, linked) or linked
    if report.kind in BOUNCES and found and not _is_still_theirs(session, found, report):
        return None
    return found


def _by_tag(session: Session, app: App, report: BounceReport) -> Target | None:
    for tag in report.tags:
        said = verp.read(tag, app.secret)
        if said is None:
            continue
        delivery = store.promised(session, said.number, said.day)
        who = said.subscriber_id or (delivery.subscriber_id if delivery else None)
        if who is not None:
            return Target(who, delivery)
    return None


def _by_token(report: BounceReport, app: App, now: datetime) -> Target | None:
    for token in report.tokens:
        try:
            link = tokens.read(token, Purpose.UNSUBSCRIBE, key=app.secret, now=now)
        except BadToken:
            continue
        return Target(link.subscriber_id, None)
    return None


def _by_message(
    session: Session, app: App, report: BounceReport, linked: Target | None
) -> Target | None:
    """By the Message-ID, asked of the deliveries of the days that the returned headers name."""
    wanted = report.original.message_id.strip("<> ").partition("@")[0]
    if not verp.candidates([wanted]) or report.kind not in (*BOUNCES, Kind.COMPLAINT):
        return None
    who = linked.subscriber_id if linked else None
    for delivery in store.of_days(session, list(_days(report)), who):
        if message_id(delivery.key, app.secret, "").strip("<>@") == wanted:
            return Target(delivery.subscriber_id, delivery)
    return None


def _days(report: BounceReport) -> Iterator[date]:
    with suppress(ValueError):
        yield date.fromisoformat(report.original.feedback_id[:_FEEDBACK_DAY])
    if report.original.sent_on is not None:
        for more in (-1, 0, 1):
            yield report.original.sent_on + timedelta(days=more)


def _is_still_theirs(session: Session, target: Target, report: BounceReport) -> bool:
    """Whether the returned message was written to the address that the reader has now."""
    person = roster.by_ids(session, [target.subscriber_id]).get(target.subscriber_id)
    if person is None or not report.original.to:
        return True
    try:
        return addresses.parse(report.original.to).key == person.address.key
    except BadAddress:  # whatever it is, it is no other address
        return True
