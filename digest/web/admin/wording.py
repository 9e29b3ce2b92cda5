"""Days, instants and accounts as the pages of the desk say them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest.core.delivery import State

# As a person reads an account: what went well, what is to be looked at, what is to come.
ORDER = {
    State.SENT: "sent",
    State.IN_DOUBT: "in doubt",
    State.BOUNCED: "bounced",
    State.IN_FLIGHT: "under way",
    State.CLAIMED: "in hand",
    State.DEFERRED: "put off",
    State.PLANNED: "due",
    State.EMPTY: "nothing for them",
    State.SUPPRESSED: "suppressed",
    State.EXPIRED: "expired",
    State.CANCELLED: "cancelled",
}
_STEPS = ((timedelta(days=2), "days", 86400), (timedelta(hours=2), "hours", 3600),
          (timedelta(minutes=2), "minutes", 60))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One state of an account: how many, and of how many hundred."""

    state: str
    name: str
    number: int
    share: float


def day(value: date) -> str:
    """ "Sunday, 22 November 2026"."""
    return f"{value:%A, %-d %B %Y}"


def moment(at: datetime) -> str:
    """ "22 Nov 06:31 UTC"."""
    return f"{at:%-d %b %H:%M} UTC"


def account(outcomes: Mapping[State, int]) -> list[Part]:
    """The states that occur, in the order in which they are read."""
    total = max(sum(outcomes.values()), 1)
    return [
        Part(state.value, name, outcomes[state], 100 * outcomes[state] / total)
        for state, name in ORDER.items()
        if outcomes.get(state)
    ]


def ago(at: datetime, now: datetime) -> str:
    """ "5 minutes ago", "in 3 hours", "now"."""
    gone = now - at
    size = abs(gone)
    for least, unit, seconds in _STEPS:
        if size >= least:
            told = f"{round(size.total_seconds() / seconds)} {unit}"
            return f"{told} ago" if gone > timedelta() else f"in {told}"
    return "just now" if gone >= timedelta() else "in a moment"


def count(number: int, thing: str, things: str = "") -> str:
    """ "1 reader", "2,000 readers"."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
