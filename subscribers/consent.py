"""Status, ConsentKind and Consent: where a person stands, and the steps that lead there. Pure.

Whether an address is suppressed is no status: a suppression outlives the person's row.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from subscribers.errors import BadStep

# The version of the words under which people subscribe; raise it when those words change.
WORDING = "1"


class Status(StrEnum):
    """Where a person stands; only an active one is sent digests."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"


class ConsentKind(StrEnum):
    """What was agreed to or withdrawn."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    ADDED = "added"  # by the operator's hand, who holds the evidence named in `source`
    IMPORTED = "imported"  # from a file that names when and where consent was given
    PAUSED = "paused"
    RESUMED = "resumed"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"  # undone from the goodbye page, by the link only they hold


class Reason(StrEnum):
    """Why an address is suppressed."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One consent event: what, when, under which wording, shown or taken where.

    `source` is the form or file; `ip_hash` a keyed hash, never the IP itself.
    """

    kind: ConsentKind
    at: datetime
    source: str
    wording: str = ""
    ip_hash: str | None = None


STEPS = {
    ConsentKind.REQUESTED: ({Status.PENDING, Status.UNSUBSCRIBED}, Status.PENDING),
    ConsentKind.CONFIRMED: ({Status.PENDING}, Status.ACTIVE),
    ConsentKind.ADDED: ({Status.PENDING}, Status.ACTIVE),
    ConsentKind.IMPORTED: ({Status.PENDING}, Status.ACTIVE),
    ConsentKind.PAUSED: ({Status.ACTIVE, Status.PAUSED}, Status.PAUSED),
    ConsentKind.RESUMED: ({Status.PAUSED}, Status.ACTIVE),
    ConsentKind.UNSUBSCRIBED: (
        {Status.PENDING, Status.ACTIVE, Status.PAUSED},
        Status.UNSUBSCRIBED,
    ),
    ConsentKind.RESUBSCRIBED: ({Status.UNSUBSCRIBED}, Status.ACTIVE),
}

# The kinds that prove consent: only by them does a pending person become active.
PROOF = frozenset({ConsentKind.CONFIRMED, ConsentKind.ADDED, ConsentKind.IMPORTED})


def after(status: Status, kind: ConsentKind) -> Status:
    """The status that a step leads to; BadStep if it does not follow from `status`."""
    allowed, target = STEPS[kind]
    if status not in allowed:
        raise BadStep(f"{kind} does not follow from {status}")
    return target
