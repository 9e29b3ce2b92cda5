"""Wish: what a person asks a send by hand to be. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MOST_DAYS = 7


class Whom(StrEnum):
    """Which readers a send is for."""

    ALL = "all"
    SEARCH = "search"  # whose address has `text` in it
    LIST = "list"  # the addresses in `text`, one a line
    ONE = "one"  # the address that is `text`


@dataclass(frozen=True, slots=True)
class Wish:
    """A day's digest, or one of the last `days` days up to it (0: since each reader's last), for
    some readers."""

    day: date
    days: int = 0
    whom: Whom = Whom.ALL
    text: str = ""

    @property
    def words(self) -> str:
        """What it is, without any address."""
        what = f"the last {self.days} days up to {self.day}" if self.days else f"{self.day}"
        return f"{what}, {'one reader' if self.whom is Whom.ONE else f'{self.whom.value} readers'}"
