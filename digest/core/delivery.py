"""The life of one delivery: its states, the allowed steps, what became of one attempt."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from digest.errors import IllegalTransition


class State(StrEnum):
    """Where a delivery stands. Those that NEXT does not list are final."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    IN_FLIGHT = "in_flight"
    DEFERRED = "deferred"
    SENT = "sent"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"
    EMPTY = "empty"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    IN_DOUBT = "in_doubt"


NEXT = {
    State.PLANNED: {State.CLAIMED, State.SUPPRESSED, State.EXPIRED, State.CANCELLED},
    State.CLAIMED: {
        State.PLANNED,
        State.IN_FLIGHT,
        State.EMPTY,
        State.SUPPRESSED,
        State.EXPIRED,
        State.CANCELLED,
        State.DEFERRED,
    },
    State.IN_FLIGHT: {State.SENT, State.DEFERRED, State.BOUNCED, State.IN_DOUBT, State.PLANNED},
    State.DEFERRED: {State.CLAIMED, State.SUPPRESSED, State.EXPIRED, State.CANCELLED},
}
FINAL = frozenset(State) - NEXT.keys()
# What a person may make of an ending that no machine may touch.
DECIDE = {State.IN_DOUBT: frozenset({State.SENT, State.PLANNED})}
WAITING = (State.PLANNED, State.DEFERRED)


class Phase(StrEnum):
    """The last finished step of a hand-over; only the reply after DOT is beyond recall. DECIDED is
    no hand-over: a person said how a doubtful one counts."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: the state it leads to, the server's words, how far it came.

    DEFERRED may pass later, BOUNCED will not; IN_DOUBT: the server may hold the message.
    `ours` marks a refusal that is the sender's fault (policy, log-in, TLS), never the reader's.
    """

    state: State
    reply: str
    code: int | None = None
    phase: Phase = Phase.CONNECT
    ours: bool = False


def check_step(key: str, current: State, to: State) -> None:
    """IllegalTransition if `to` does not follow from `current`.

    IN_DOUBT is final on purpose: the server may hold the message, and a missing digest is
    better than a second one.
    """
    if to not in NEXT.get(current, set()):
        raise IllegalTransition(f"delivery {key}: {to} does not follow from {current}")


def check_decision(key: str, current: State, to: State) -> None:
    """IllegalTransition unless a person may decide so: only what is in doubt is theirs."""
    if to not in DECIDE.get(current, frozenset()):
        raise IllegalTransition(f"delivery {key}: {current} cannot be decided to be {to}")


def retry_at(now: datetime, attempts: int, key: int | None = None) -> datetime:
    """When a deferred delivery is tried again: 5, 10, 20 ... minutes, at most 4 hours.

    With a `key`, the delivery's id, a fifth sooner to a fifth later, the same for the same try:
    what was refused together does not all come back together.
    """
    minutes = min(5 * 2 ** min(max(attempts - 1, 0), 10), 240)
    return now + timedelta(minutes=minutes) * (1.0 if key is None else _spread(key, attempts))


def _spread(key: int, attempts: int) -> float:
    """A factor from 0.8 to 1.2 that looks random and is not."""
    digest = blake2b(f"{key}.{attempts}".encode(), digest_size=4).digest()
    return 0.8 + 0.4 * int.from_bytes(digest) / 0xFFFFFFFF
