"""Subscriber: one person as a value, and the column values that keep one. Shared by the roster,
the preferences and the import."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, and_, select

from subscribers.address import Address
from subscribers.consent import Consent, Status
from subscribers.language import DEFAULT
from subscribers.manner import FIELDS, Manner
from subscribers.profile import InterestProfile, from_data, to_data
from subscribers.schedule import Schedule
from subscribers.tables import ProfileRow, SubscriberRow

_PLAIN_MANNER = Manner()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One person with the profile and schedule that hold now; the last three as in Manner."""

    id: int
    address: Address
    status: Status
    schedule: Schedule
    profile: InterestProfile
    profile_version: int
    token_version: int
    created_at: datetime
    confirmed_at: datetime | None
    consent_source: str | None
    paused_until: date | None
    plain_only: bool = False
    quiet_line: bool = False
    language: str = DEFAULT

    @property
    def manner(self) -> Manner:
        """How they want the mail."""
        return Manner(
            language=self.language, plain_only=self.plain_only, quiet_line=self.quiet_line
        )


def whole() -> Select[Any]:
    """The query of all persons with their current profiles, for `subscriber` to read.

    It asks for columns, not rows: a page of a million persons leaves nothing in the session.
    """
    current = and_(
        ProfileRow.subscriber_id == SubscriberRow.id,
        ProfileRow.version == SubscriberRow.profile_version,
    )
    return select(*SubscriberRow.__table__.columns, ProfileRow.data).join(ProfileRow, current)


def subscriber(row: Row[Any]) -> Subscriber:
    """The person that a row of `whole` is."""
    return Subscriber(
        id=row.id,
        address=Address(row.address, row.address_key),
        status=row.status,
        schedule=Schedule(zone=row.zone, hour=row.hour, cadence=row.cadence, weekday=row.weekday),
        profile=from_data(row.data),
        profile_version=row.profile_version,
        token_version=row.token_version,
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        consent_source=row.consent_source,
        paused_until=row.paused_until,
        plain_only=row.plain_only,
        quiet_line=row.quiet_line,
        language=row.language,
    )


def new_values(
    address: Address,
    schedule: Schedule,
    status: Status,
    now: datetime,
    *,
    manner: Manner = _PLAIN_MANNER,
) -> dict[str, Any]:
    """The column values of a new subscriber without evidence, whose profile has version 1."""
    return {
        "address": address.as_typed,
        "address_key": address.key,
        "status": status,
        **schedule_values(schedule),
        **manner_values(manner),
        "profile_version": 1,
        "token_version": 1,
        "created_at": now,
        "confirmed_at": None,
        "consent_source": None,
        "paused_until": None,
    }


def schedule_values(schedule: Schedule) -> dict[str, Any]:
    """The column values of a schedule."""
    return {
        "zone": schedule.zone,
        "hour": schedule.hour,
        "cadence": schedule.cadence,
        "weekday": schedule.weekday,
    }


def manner_values(manner: Manner) -> dict[str, Any]:
    """The column values of how somebody wants the mail."""
    return {name: getattr(manner, name) for name in FIELDS}


def event_values(subscriber_id: int, consent: Consent) -> dict[str, Any]:
    """The column values of a consent event."""
    return {
        "subscriber_id": subscriber_id,
        "kind": consent.kind,
        "at": consent.at,
        "wording": consent.wording,
        "source": consent.source,
        "ip_hash": consent.ip_hash,
    }


def profile_values(
    subscriber_id: int, version: int, profile: InterestProfile, now: datetime
) -> dict[str, Any]:
    """The column values of one version of a profile."""
    return {
        "subscriber_id": subscriber_id,
        "version": version,
        "data": to_data(profile),
        "created_at": now,
    }
