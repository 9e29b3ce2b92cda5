"""Standing: whether a person may be written to at this instant, asked right before it is done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers.among import among
from subscribers.consent import Reason, Status
from subscribers.suppression import suppressed_keys
from subscribers.tables import SubscriberRow, table

_people = table(SubscriberRow)
_STANDING = select(
    _people.c.id, _people.c.address_key, _people.c.status, _people.c.paused_until
).where(among(_people.c.id, "ids"))


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a person's consent: the status, until when they pause, and why their
    address is suppressed, None if it is not."""

    status: Status
    paused_until: date | None = None
    suppressed: Reason | None = None

    def may_get(self, day: date) -> bool:
        """Whether consent holds: active, or paused until this day at the latest."""
        if self.status is Status.PAUSED:
            return self.paused_until is not None and self.paused_until <= day
        return self.status is Status.ACTIVE

    def refusal(self, day: date) -> str:
        """Why the digest of a day must not be sent, "" if it may."""
        if self.suppressed is not None:
            return f"suppressed: {self.suppressed}"
        return "" if self.may_get(day) else "no longer subscribed"


def standings(session: Session, ids: Iterable[int], *, key: bytes) -> dict[int, Standing]:
    """The standing of those of these persons who (still) exist, by id."""
    rows = session.connection().execute(_STANDING, {"ids": [*ids]}).all()
    barred = suppressed_keys(session, [row.address_key for row in rows], key=key)
    return {
        row.id: Standing(row.status, row.paused_until, barred.get(row.address_key)) for row in rows
    }
