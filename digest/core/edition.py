"""Edition, Digest, Pick, Reason: what was chosen for whom, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from digest.core.paper import Paper


class Change(StrEnum):
    """What a listing did to a paper we know, or did not know."""

    NEW = "new"
    REVISED = "revised"
    RISING = "rising"
    SEEN = "seen"


class ReasonKind(StrEnum):
    """What produced a part of a score."""

    INTEREST = "interest"  # terms of one of the reader's interests
    KEYWORD = "keyword"
    LIKED = "liked"  # close to a paper the reader liked
    AUTHOR = "author"
    CATEGORY = "category"
    VOTES = "votes"
    RISING = "rising"


class Section(StrEnum):
    """The part of the mail a pick stands in, in the mail's order."""

    FOR_YOU = "for you"
    RISING = "rising"
    TRENDING = "trending"


class Reason(NamedTuple):
    """One cause of a score, in words the reader knows. (A tuple: a run makes millions.)

    `text` is the term as the reader wrote it or as it stands in the paper, the liked paper's
    title, the author's name, the category, or the number of votes; `weight` is its part of the
    score (no unit, > 0). A rising paper's text is "2 → 42".
    """

    kind: ReasonKind
    text: str
    weight: float


# A longer text is no topic that one would mute by a link.
LONGEST_TOPIC = 60
_NAMED = (ReasonKind.INTEREST, ReasonKind.KEYWORD, ReasonKind.CATEGORY)
_KEYWORD, _CATEGORY = ReasonKind.KEYWORD, ReasonKind.CATEGORY
# Of the strongest name's weight: what weighs less are words that every other abstract has.
_LEAST = 0.5


def topic(reasons: Sequence[Reason]) -> str:
    """What "mute this topic" mutes: the strongest category or phrase of an interest, "" for none.

    A keyword is what the reader wants to see, also where it stands in an interest; and of a
    sentence one word alone ("using") is no topic.
    """
    least = 0.0
    for reason in reasons:
        if reason.kind not in _NAMED:
            continue
        if reason.weight < least:
            break
        least = least or reason.weight * _LEAST
        if _is_topic(reason) and not _is_keyword(reason.text, reasons):
            return reason.text
    return ""


def _is_topic(reason: Reason) -> bool:
    text = reason.text
    if reason.kind is _KEYWORD or not 0 < len(text) <= LONGEST_TOPIC:
        return False
    return reason.kind is _CATEGORY or " " in text or "-" in text


def _is_keyword(text: str, reasons: Sequence[Reason]) -> bool:
    asked = text.casefold()
    return any(one.kind is _KEYWORD and one.text.casefold() == asked for one in reasons)


@dataclass(frozen=True, slots=True)
class Pick:
    """A paper in a digest. Reasons are strongest first; `heading` is the interest it stands
    under where the reader has several, else ""."""

    paper_id: int
    score: float
    section: Section
    change: Change
    reasons: tuple[Reason, ...] = ()
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may enter a digest: what is known of it now and what happened to it.

    `paper_id` is the history's row. A rising one has `votes_before` and the day `since` when
    that count was true. `sources` are all that listed it, as readers call them ("arXiv"), in
    order of first sight.
    """

    paper_id: int
    paper: Paper
    change: Change
    listed_on: date
    votes_before: int | None = None
    since: date | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """One reader's part of a day: the picks in the mail's order, out of how many papers, and
    honest lines about the day ("arXiv announced nothing today")."""

    day: date
    picks: tuple[Pick, ...]
    considered: int
    notes: tuple[str, ...] = ()
