"""Sign-up: a request is put down, worked through later, and confirmed by its owner.

The page that takes a request only writes it down, always the same way and in the same time,
whoever the address belongs to. What follows from it is decided here, out of the visitor's sight:

    request -> (queue) -> decide -> pending + confirmation mail -> its button -> confirm -> active
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from subscribers import address as addresses
from subscribers import entry, preferences, roster, suppression, tokens
from subscribers import manner as manners
from subscribers.address import Address
from subscribers.consent import WORDING, Consent, ConsentKind, Reason, Status
from subscribers.entry import Entry
from subscribers.errors import BadToken, SubscriberError
from subscribers.intake import rescheduled
from subscribers.person import Subscriber, event_values
from subscribers.profile import overlay
from subscribers.tables import ConsentEventRow, SignupRow
from subscribers.tokens import CONFIRM_WITHIN, Purpose

# Source: standards 53, one confirmation per address and hour, three a day, silent above.
PER_HOUR, PER_DAY = 1, 3
# Whoever complained, or whom the operator barred, is not even asked.
BARRED = (Reason.COMPLAINED, Reason.BY_HAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a visitor sent, checked: the address and, if given, what they want.

    `fields` are as subscribers.entry reads them; `ip_hash` is a keyed hash, never the IP.
    """

    address: Address
    fields: Mapping[str, Any]
    source: str
    at: datetime
    ip_hash: str | None = None


class Fate(StrEnum):
    """What became of a request, for the log and the tests; the visitor never learns it."""

    ASKED = "asked"  # a confirmation mail is due
    THROTTLED = "throttled"  # there were enough of them
    BARRED = "barred"  # the address must not be written to


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a request; `subscriber_id` is whom to ask for confirmation."""

    fate: Fate
    subscriber_id: int | None = None


def put_down(session: Session, requests: Sequence[Request]) -> None:
    """Write requests down, to be decided later."""
    rows = [
        {
            "address": one.address.as_typed,
            "fields": dict(one.fields),
            "source": one.source,
            "at": one.at,
            "ip_hash": one.ip_hash,
        }
        for one in requests
    ]
    session.execute(insert(SignupRow), rows)


def any_waiting(session: Session) -> bool:
    """Whether there is a request that nobody decided yet."""
    return session.scalar(select(SignupRow.id).limit(1)) is not None


def waiting(session: Session, *, limit: int) -> list[tuple[int, Request]]:
    """The oldest requests that nobody decided yet, with their numbers.

    On PostgreSQL, those that another worker has in hand are passed over.
    """
    query = select(SignupRow).order_by(SignupRow.id).limit(limit)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    return [(row.id, _request(row)) for row in rows]


def _request(row: SignupRow) -> Request:
    return Request(
        address=addresses.parse(row.address),
        fields=row.fields,
        source=row.source,
        at=row.at,
        ip_hash=row.ip_hash,
    )


def forget(session: Session, numbers: Sequence[int]) -> None:
    """Requests that are decided leave nothing behind but what was decided."""
    session.execute(delete(SignupRow).where(SignupRow.id.in_(numbers)))


def decide(session: Session, request: Request, *, now: datetime, key: bytes) -> Decision:
    """Decide one request: a stranger becomes pending; whoever may be asked is asked.

    A known person is asked like a stranger and nothing about them changes, since anybody may
    type their address. Only a pending one gets the wishes of the latest request.
    """
    if suppression.reason_for(session, request.address, key=key) in BARRED:
        return Decision(Fate.BARRED)
    wish = _wish(request, now)
    person, is_new = roster.add(
        session,
        request.address,
        profile=wish.profile,
        schedule=wish.schedule,
        status=Status.PENDING,
        consent=_requested(request),
        manner=wish.manner,
    )
    if is_new:
        return Decision(Fate.ASKED, person.id)
    if _is_enough(session, person.id, now):
        return Decision(Fate.THROTTLED, person.id)
    _ask_again(session, person, wish, request, now)
    return Decision(Fate.ASKED, person.id)


def _requested(request: Request) -> Consent:
    return Consent(
        kind=ConsentKind.REQUESTED,
        at=request.at,
        source=request.source,
        wording=WORDING,
        ip_hash=request.ip_hash,
    )


def _wish(request: Request, now: datetime) -> Entry:
    """What the request asked for; wishes that cannot be kept are left out, never the person."""
    fields = dict(request.fields) | {"email": request.address.as_typed}
    while True:
        try:
            return entry.read(fields, now=now)
        except SubscriberError:
            if len(fields) == 1:
                raise
            fields = {"email": fields["email"]}


def _is_enough(session: Session, subscriber_id: int, now: datetime) -> bool:
    asked = select(func.count()).where(
        ConsentEventRow.subscriber_id == subscriber_id,
        ConsentEventRow.kind == ConsentKind.REQUESTED,
    )
    for limit, span in ((PER_HOUR, timedelta(hours=1)), (PER_DAY, timedelta(days=1))):
        if (session.scalar(asked.where(ConsentEventRow.at > now - span)) or 0) >= limit:
            return True
    return False


def _ask_again(
    session: Session, person: Subscriber, wish: Entry, request: Request, now: datetime
) -> None:
    consent = replace(_requested(request), at=now)
    if person.status in (Status.PENDING, Status.UNSUBSCRIBED):
        preferences.take_step(session, person.id, consent)
        if person.status is Status.PENDING and wish.given - {"email"}:
            profile = overlay(person.profile, wish.profile, fields=wish.given)
            preferences.change_profile(session, person.id, profile, now=now)
            schedule = rescheduled(person.schedule, wish)
            preferences.change_schedule(session, person.id, schedule)
            manner = manners.overlay(person.manner, wish.manner, fields=wish.given)
            preferences.change_manner(session, person.id, manner)
    else:
        session.execute(insert(ConsentEventRow), event_values(person.id, consent))


def confirm(
    session: Session, token: str, *, key: bytes, now: datetime, ip_hash: str | None = None
) -> Subscriber:
    """Make a pending subscriber active and return them; a second click changes nothing.

    BadToken if the link is forged, older than CONFIRM_WITHIN, or its person was erased, moved to
    another address or left since. A suppression for a bounce or an erasure ends: the mail arrived,
    and they came back.
    """
    person = peek(session, token, key=key, now=now)
    if person.status is Status.UNSUBSCRIBED:
        raise BadToken("this address was unsubscribed since: subscribe again")
    if person.status is Status.PENDING:
        yes = Consent(
            kind=ConsentKind.CONFIRMED,
            at=now,
            source="confirmation page",
            wording=WORDING,
            ip_hash=ip_hash,
        )
        preferences.take_step(session, person.id, yes)
        if suppression.reason_for(session, person.address, key=key) not in BARRED:
            suppression.lift(session, person.address, key=key)
    return roster.by_ids(session, [person.id])[person.id]


def peek(session: Session, token: str, *, key: bytes, now: datetime) -> Subscriber:
    """Whom a confirmation link is for; changes nothing. BadToken as in confirm."""
    link = tokens.read(token, Purpose.CONFIRM, key=key, now=now, max_age=CONFIRM_WITHIN)
    person = roster.by_ids(session, [link.subscriber_id]).get(link.subscriber_id)
    if person is None:
        raise BadToken("this link is for nobody here any more: subscribe again")
    if link.version != person.token_version & 0xFFFF:  # it went to another address than theirs
        raise BadToken("this link was replaced: subscribe again")
    return person
