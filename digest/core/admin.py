"""Admins: roles, and how long a log-in holds. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
# What cannot be taken back asks for password and code again, if they were given longer ago.
PROVED = timedelta(minutes=5)


class Role(StrEnum):
    """What an admin may do; each may what those before it may."""

    VIEWER = "viewer"  # see
    SENDER = "sender"  # send, steer runs, mark papers
    OWNER = "owner"  # everything about readers, and who else may log in

    def includes(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Admin:
    """A person with a log-in. `epoch` ends what browsers remember when it rises."""

    id: int
    name: str
    role: Role
    epoch: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """One log-in of one browser."""

    admin: Admin
    token_hash: str
    started_at: datetime
    seen_at: datetime
    proved_at: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether it was left alone for too long, or began too long ago."""
        return now - self.seen_at > IDLE or now - self.started_at > LONGEST

    def is_fresh(self, now: datetime) -> bool:
        """Whether password and code were given just now."""
        return now - self.proved_at <= PROVED
