"""Rhythm: when a source is worth asking, and how its papers fall into parts that announce alone."""

from dataclasses import dataclass
from datetime import date, timedelta

from digest.core.announcing import ARXIV, HUGGING_FACE, Calendar
from digest.core.paper import Paper

ALL = ""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a source is asked while its papers are due (`probing`) and otherwise (`resting`).

    `parts` are what announces by itself (arXiv's categories); `calendar` is None where nobody
    knows the days. A list that is asked for by its day (`by_day`) also shows others.
    """

    probing: timedelta
    resting: timedelta
    calendar: Calendar | None = None
    parts: tuple[str, ...] = (ALL,)
    by_day: bool = False

    def part_of(self, paper: Paper) -> str:
        """The part that announced a paper: that of its primary category, else any it is listed in.

        A category that serves yesterday's papers also shows today's of others, cross-listed: those
        tell nothing of it.
        """
        if self.parts == (ALL,):
            return ALL
        for category in paper.categories:
            for part in self.parts:
                if category == part or category.startswith(f"{part}."):
                    return part
        return self.parts[0]

    def tells(self, paper: Paper, day: date) -> bool:
        """Whether a paper says anything about the announcement of a listing day."""
        return not self.by_day or paper.listed_on in (None, day)


def rhythm_of(name: str) -> Rhythm:
    """The rhythm of the source with this name."""
    kind, _, rest = name.partition(":")
    if kind == "huggingface":
        return Rhythm(
            probing=15 * _MINUTE, resting=30 * _MINUTE, calendar=HUGGING_FACE, by_day=True
        )
    if kind == "arxiv":
        parts = tuple(dict.fromkeys(rest.split("+")))
        return Rhythm(probing=10 * _MINUTE, resting=60 * _MINUTE, calendar=ARXIV, parts=parts)
    if kind in ("biorxiv", "medrxiv", "arxiv-api"):
        return Rhythm(probing=30 * _MINUTE, resting=120 * _MINUTE)
    return Rhythm(probing=30 * _MINUTE, resting=60 * _MINUTE)
