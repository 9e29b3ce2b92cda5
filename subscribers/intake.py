"""Intake: a batch of entries becomes subscribers, or changes those who are there already."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from subscribers import manner as manners
from subscribers.address import Address
from subscribers.chunks import chunks
from subscribers.consent import Consent, ConsentKind, Status
from subscribers.entry import Entry
from subscribers.insert import insert_new
from subscribers.manner import Manner
from subscribers.person import (
    Subscriber,
    event_values,
    manner_values,
    new_values,
    profile_values,
    schedule_values,
    subscriber,
    whole,
)
from subscribers.profile import InterestProfile, overlay
from subscribers.schedule import Schedule
from subscribers.suppression import suppress, suppressed_keys
from subscribers.tables import ConsentEventRow, ProfileRow, SubscriberRow, table

_SOURCE = "import"
_PROVEN = (Status.ACTIVE, Status.PAUSED)


class Fate(StrEnum):
    """What an entry did."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"  # the address is suppressed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What an entry may change about a person."""

    status: Status
    schedule: Schedule
    manner: Manner
    profile: InterestProfile
    confirmed_at: datetime | None
    consent_source: str | None
    paused_until: date | None
    left_at: datetime | None = None


@dataclass(slots=True)
class _Case:
    """One address of the batch: who it is so far, and how they stand after its entries."""

    address: Address
    known: Subscriber | None
    before: _Standing | None
    after: _Standing


def take_in(
    session: Session, entries: Sequence[Entry], *, now: datetime, secret: bytes
) -> Counter[Fate]:
    """Add or change the persons of these entries and count what each entry did.

    What an entry does not speak of stays as it is. A known person's status changes only from
    pending to active, by an entry that proves consent: whoever paused or left is never
    brought back, and a suppressed address is not touched at all. What an entry calls
    suppressed is so from then on. Of two entries for one
    address the later one is applied to what the earlier one left.
    """
    banned = suppressed_keys(session, {entry.address.key for entry in entries}, key=secret)
    allowed = [entry for entry in entries if entry.address.key not in banned]
    fates = Counter({Fate.SKIPPED: len(entries) - len(allowed)})
    while allowed:
        cases = _known_cases(session, allowed)
        told = [(entry, _apply(cases, entry)) for entry in allowed]
        overtaken = _write(session, cases.values(), now)
        fates.update(fate for entry, fate in told if entry.address.key not in overtaken)
        allowed = [entry for entry in allowed if entry.address.key in overtaken]
    for entry in entries:
        if entry.suppressed is not None:
            suppress(session, entry.address, entry.suppressed, key=secret, now=now, source=_SOURCE)
    return fates


def _known_cases(session: Session, entries: Sequence[Entry]) -> dict[str, _Case]:
    cases = {}
    for part in chunks({entry.address.key for entry in entries}):
        found = list(map(subscriber, session.execute(
            whole().where(SubscriberRow.address_key.in_(part)))))  # fmt: skip
        left = _left(session, [one.id for one in found if one.status is Status.PENDING])
        for known in found:
            standing = replace(_standing(known), left_at=left.get(known.id))
            cases[known.address.key] = _Case(known.address, known, standing, standing)
    return cases


def _left(session: Session, ids: Sequence[int]) -> dict[int, datetime]:
    """When those of these persons who ever left did so last."""
    query = (
        select(ConsentEventRow.subscriber_id, func.max(ConsentEventRow.at))
        .where(
            ConsentEventRow.subscriber_id.in_(ids),
            ConsentEventRow.kind == ConsentKind.UNSUBSCRIBED,
        )
        .group_by(ConsentEventRow.subscriber_id)
    )
    return {who: at for who, at in session.execute(query)} if ids else {}  # noqa: C416


def _apply(cases: dict[str, _Case], entry: Entry) -> Fate:
    case = cases.get(entry.address.key)
    if case is None:
        cases[entry.address.key] = _Case(entry.address, None, None, _standing(entry))
        return Fate.ADDED
    after = _changed(case.after, entry)
    fate = Fate.UNCHANGED if after == case.after else Fate.UPDATED
    case.after = after
    return fate


def _standing(who: Subscriber | Entry) -> _Standing:
    return _Standing(
        status=who.status,
        schedule=who.schedule,
        manner=who.manner,
        profile=who.profile,
        confirmed_at=who.confirmed_at,
        consent_source=who.consent_source,
        paused_until=who.paused_until if who.status is Status.PAUSED else None,
    )


def _changed(standing: _Standing, entry: Entry) -> _Standing:
    known = replace(
        standing,
        profile=overlay(standing.profile, entry.profile, fields=entry.given),
        schedule=rescheduled(standing.schedule, entry),
        manner=manners.overlay(standing.manner, entry.manner, fields=entry.given),
    )
    if standing.status is not Status.PENDING or not _proves(entry, standing.left_at):
        return known
    return replace(
        _standing(entry), profile=known.profile, schedule=known.schedule, manner=known.manner
    )


def _proves(entry: Entry, left_at: datetime | None) -> bool:
    """Whether the entry proves consent that was not withdrawn after it was given: anybody may
    have typed the address of somebody who left, and so made them pending."""
    if entry.status not in _PROVEN or entry.confirmed_at is None:
        return False
    return left_at is None or entry.confirmed_at > left_at


def rescheduled(schedule: Schedule, entry: Entry) -> Schedule:
    """The schedule with what the entry spoke of."""
    new = entry.schedule
    weekly = "cadence" in entry.given
    return Schedule(
        zone=new.zone if "zone" in entry.given else schedule.zone,
        hour=new.hour if "hour" in entry.given else schedule.hour,
        cadence=new.cadence if weekly else schedule.cadence,
        weekday=new.weekday if weekly else schedule.weekday,
    )


def _write(session: Session, cases: Collection[_Case], now: datetime) -> set[str]:
    """Keep what changed; the keys of new addresses that another transaction added meanwhile."""
    new = {case.address.key: case for case in cases if case.known is None}
    rows = [_row(case, now) for case in new.values()]
    ids = dict(
        insert_new(session, SubscriberRow, rows, SubscriberRow.address_key, [SubscriberRow.id])
    )
    profiles = [profile_values(ids[key], 1, new[key].after.profile, now) for key in ids]
    events = [event for key in ids for event in _events(ids[key], new[key].after, now)]
    changes: list[dict[str, Any]] = []
    for case in cases:
        if case.known is not None and case.after != case.before:
            _change(case, case.known, now, changes, profiles, events)
    _execute(session, profiles, events, changes)
    return new.keys() - ids.keys()


def _execute(
    session: Session,
    profiles: list[dict[str, Any]],
    events: list[dict[str, Any]],
    changes: list[dict[str, Any]],
) -> None:
    if profiles:
        session.execute(insert(table(ProfileRow)), profiles)
    if events:
        session.execute(insert(table(ConsentEventRow)), events)
    if changes:
        session.execute(update(SubscriberRow), changes)


def _row(case: _Case, now: datetime) -> dict[str, Any]:
    after = case.after
    values = new_values(case.address, after.schedule, after.status, now, manner=after.manner)
    return values | _status_values(after)


def _status_values(after: _Standing) -> dict[str, Any]:
    return {
        "status": after.status,
        "confirmed_at": after.confirmed_at,
        "consent_source": after.consent_source,
        "paused_until": after.paused_until,
    }


def _events(subscriber_id: int, after: _Standing, now: datetime) -> list[dict[str, Any]]:
    if after.consent_source is not None:
        first = Consent(kind=ConsentKind.IMPORTED, at=now, source=after.consent_source)
    else:
        first = Consent(kind=ConsentKind.REQUESTED, at=now, source=_SOURCE)
    left = {Status.UNSUBSCRIBED: ConsentKind.UNSUBSCRIBED, Status.PAUSED: ConsentKind.PAUSED}
    kinds = [left[after.status]] if after.status in left else []
    then = [Consent(kind=kind, at=now, source=_SOURCE) for kind in kinds]
    return [event_values(subscriber_id, event) for event in (first, *then)]


def _change(
    case: _Case,
    known: Subscriber,
    now: datetime,
    changes: list[dict[str, Any]],
    profiles: list[dict[str, Any]],
    events: list[dict[str, Any]],
) -> None:
    version = known.profile_version
    if case.after.profile != known.profile:
        version += 1
        profiles.append(profile_values(known.id, version, case.after.profile, now))
    if case.after.status is not known.status:
        events.extend(_events(known.id, case.after, now))
    changes.append(
        {
            "id": known.id,
            "profile_version": version,
            **schedule_values(case.after.schedule),
            **manner_values(case.after.manner),
            **_status_values(case.after),
            "due_at": None,
        }
    )
