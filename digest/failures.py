"""What a failed message does to its reader: the log, the score, the suppression.

Reports that come back by mail and refusals that a relay speaks at once count alike. What SENT
means is only that the relay took the message, so it resets nothing by itself: a delivery counts
as good when no report of it came within SETTLED days, which is known, and asked for, when the
next bounce is counted. A delivery counts once, however many reports speak of it.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from digest.core.bounce import Kind, of_reply
from digest.core.bounce.classify import status_in
from digest.core.bounce.score import LIMIT, SETTLED, after_soft
from digest.core.delivery import Outcome, Phase, State
from digest.store import bounces
from digest.store.bounces import Logged
from subscribers import roster, suppression
from subscribers.address import Address
from subscribers.consent import Reason
from subscribers.person import Subscriber

_ADDRESSES = re.compile(r"[^\s<>()\[\]\"',;]*@[^\s<>()\[\]\"',;]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """One failure of one delivery to one reader; `fingerprint` makes it count once."""

    fingerprint: str
    kind: Kind
    subscriber_id: int
    delivery_id: int | None
    status: str = ""
    diagnostic: str = ""
    final: bool = True


def count(session: Session, failed: Failed, *, key: bytes, now: datetime) -> bool:
    """Log a failure and count it; whether the reader is suppressed by it.

    Counted before, it changes nothing. HARD suppresses at once, SOFT when the score is full;
    POLICY is ours and a warning is none: they are only logged.
    """
    person = roster.by_ids(session, [failed.subscriber_id]).get(failed.subscriber_id)
    points = _points(session, failed) if person is not None else 0.0
    if not bounces.log(session, _logged(failed, person, points, now)) or person is None:
        return False
    if not points or not (points >= LIMIT or _is_full(session, person.id, now)):
        return False
    source = f"bounce {failed.status or failed.kind} of delivery {failed.delivery_id or '?'}"
    return suppression.suppress(
        session, person.address, Reason.BOUNCED, key=key, now=now, source=source
    )


def _points(session: Session, failed: Failed) -> float:
    if failed.kind is Kind.HARD:
        return LIMIT
    if failed.kind is not Kind.SOFT or not failed.final:
        return 0.0
    known = failed.delivery_id is not None and bounces.has_points(session, failed.delivery_id)
    return 0.0 if known else 1.0


def _is_full(session: Session, subscriber_id: int, now: datetime) -> bool:
    """Add one soft bounce to the score; whether it has reached its limit."""
    before = bounces.score(session, subscriber_id)
    if before is not None and bounces.went_well(
        session, subscriber_id, after=before.last_at, before=now - SETTLED
    ):
        before = None
    score = after_soft(before, now)
    bounces.keep_score(session, subscriber_id, score)
    return score.is_over


def from_outcome(
    session: Session,
    outcome: Outcome,
    *,
    delivery_id: int,
    subscriber_id: int,
    key: bytes,
    now: datetime,
) -> Kind | None:
    """Count what a relay said of a recipient at once; None for an outcome that is no bounce.

    To be called in the transaction that records the outcome. Twice counts once.
    """
    if outcome.state is not State.BOUNCED or outcome.ours:
        return None
    kind, status = of_reply(outcome.reply, outcome.code), status_in(outcome.reply)
    if kind is Kind.HARD and not status and outcome.phase not in (Phase.CONNECT, Phase.MAIL):
        kind = Kind.POLICY  # the recipient was accepted: it was the message that was not
    failed = Failed(
        fingerprint=f"outcome of delivery {delivery_id}",
        kind=kind,
        subscriber_id=subscriber_id,
        delivery_id=delivery_id,
        status=status,
        diagnostic=outcome.reply,
    )
    count(session, failed, key=key, now=now)
    return kind


def without_addresses(text: str, address: Address | None = None) -> str:
    """A server's words as they may be kept: without addresses, on one line."""
    text = _ADDRESSES.sub("…", " ".join(text.split()))
    local = address.as_typed.rpartition("@")[0] if address is not None else ""
    return re.sub(re.escape(local), "…", text, flags=re.IGNORECASE) if len(local) > 2 else text


def _logged(failed: Failed, person: Subscriber | None, points: float, now: datetime) -> Logged:
    address = person.address if person is not None else None
    return Logged(
        fingerprint=failed.fingerprint,
        at=now,
        kind=failed.kind,
        subscriber_id=failed.subscriber_id,
        delivery_id=failed.delivery_id,
        status=failed.status,
        points=points,
        diagnostic=without_addresses(failed.diagnostic, address),
    )
