"""Score: how often mail to one reader failed lately.

A soft bounce counts 1, and the sum halves in every HALF_LIFE. At LIMIT the reader is suppressed:
a mailbox that fails day after day reaches it on the seventh day, one that fails once a week
never does. A delay warning counts nothing, since the relay is still trying.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

HALF_LIFE = timedelta(days=7)
LIMIT = 5.0
# So long a relay may still try, and report a failure, before a silent delivery counts as good.
SETTLED = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Score:
    """The sum as it stood at `last_at`, the last bounce."""

    value: float
    last_at: datetime

    def at(self, now: datetime) -> float:
        """What is left of it now."""
        age = max(now - self.last_at, timedelta(0))
        return float(self.value * 0.5 ** (age / HALF_LIFE))

    @property
    def is_over(self) -> bool:
        return self.value >= LIMIT


def after_soft(before: Score | None, now: datetime) -> Score:
    """The score after one more soft bounce; `before` is None after a good delivery."""
    return Score((before.at(now) if before else 0.0) + 1.0, now)
