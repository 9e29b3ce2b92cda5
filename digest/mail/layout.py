"""What stands in one reader's mail, in which order and words; how it looks is for templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from digest.core.edition import Digest, Pick, Reason, Section
from digest.core.message import Recipient
from digest.mail.card import Card
from digest.mail.language import Language
from digest.mail.notes import said
from digest.mail.wording import COLUMNS, clean, width, wrap

_ORDER = {section: place for place, section in enumerate(Section)}
_FOR_YOU, _RISING, _TRENDING = Section
_WHEN = "%(when)s"
LONGEST_NOTE, LONGEST_HEADING = 300, 80


class Block(NamedTuple):
    """One block of the mail's middle: a "note", "heading", "card", "row" or "rest".

    `text` is a note's, heading's or rest's; `reasons` are a card's. A tuple, since each reader
    has a dozen.
    """

    kind: str
    text: str = ""
    paper_id: int = 0
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """What frames one reader's blocks, in plain text."""

    subject_title: str
    more: int
    preheader: str
    line: str
    because: str


def blocks(digest: Digest, language: Language) -> list[Block]:
    """All blocks in the mail's order: notes, then each section's headings with their papers.

    What trends with everyone stands in short rows below the reader's own papers, and in full
    cards where the reader has none.
    """
    notes = (clean(said(note, language), LONGEST_NOTE) for note in digest.notes)
    found = [Block("note", text) for text in notes if text]
    groups = _groups(digest.picks, language)
    has_own = any(section is not _TRENDING for section, _ in groups)
    for (section, heading), picks in groups.items():
        found.append(Block("heading", heading))
        kind = "row" if section is _TRENDING and has_own else "card"
        found += [Block(kind, "", p.paper_id, p.reasons) for p in picks]
    return found


def _groups(picks: Sequence[Pick], language: Language) -> dict[tuple[Section, str], list[Pick]]:
    """Picks by section and heading: sections in the mail's order, all else as it comes."""
    groups: dict[tuple[Section, str], list[Pick]] = {}
    known: dict[tuple[Section, str], list[Pick]] = {}  # by the heading as it was given
    for pick in _in_order(picks):
        given = pick.section, pick.heading
        group = known.get(given)
        if group is None:
            said = pick.section, _heading(pick, language)
            group = known[given] = groups.setdefault(said, [])
        group.append(pick)
    return groups


def _in_order(picks: Sequence[Pick]) -> list[Pick]:
    return sorted(picks, key=lambda pick: _ORDER[pick.section])


def _heading(pick: Pick, language: Language) -> str:
    if pick.section is _RISING:
        return language.gettext("Rising")
    if pick.section is _TRENDING:
        return language.gettext("Trending with everyone")
    return clean(pick.heading, LONGEST_HEADING) or language.gettext("For you")


def words(
    digest: Digest, recipient: Recipient, cards: Mapping[int, Card], language: Language
) -> Words:
    """The words around the blocks; the subject is the first paper the reader will meet."""
    shown = [cards[pick.paper_id] for pick in _in_order(digest.picks)]
    line = _line(digest, language)
    also = "; ".join([card.short for card in shown[1:3]])
    return Words(
        subject_title=shown[0].short.replace("=?", "= ?") if shown else "",
        more=len(shown) - 1,
        preheader=_also(also, language) if also else line,
        line=line,
        because=_because(recipient, language),
    )


@lru_cache(4096)
def _also(titles: str, language: Language) -> str:
    return language.gettext("Also: %(titles)s", titles=titles)


def _line(digest: Digest, language: Language) -> str:
    picked, papers = len(digest.picks), max(digest.considered, len(digest.picks))
    own = any(pick.section is _FOR_YOU for pick in digest.picks)
    return _counted(picked, papers, own, language)


@lru_cache(4096)
def _counted(picked: int, papers: int, own: bool, language: Language) -> str:
    if not picked:
        return language.gettext("Nothing for you today")
    if own:
        return language.ngettext(
            "%(picked)s of %(count)s new paper, picked for you",
            "%(picked)s of %(count)s new papers, picked for you",
            papers,
            picked=language.number(picked),
        )
    return language.ngettext(
        "%(picked)s of %(count)s new paper, by votes",
        "%(picked)s of %(count)s new papers, by votes",
        papers,
        picked=language.number(picked),
    )


def _because(recipient: Recipient, language: Language) -> str:
    when = rhythm(recipient.cadence, recipient.hour, clean(recipient.zone, 40), language)
    return _subscribed(recipient.subscribed_on, language).replace(_WHEN, when)


@lru_cache(4096)
def _subscribed(day: date | None, language: Language) -> str:
    """Why a reader gets the mail, with a hole for when: readers share days and rhythms, but
    hardly both."""
    if day is None:
        return language.gettext("You get this because you subscribed: %(when)s.", when=_WHEN)
    return language.gettext(
        "You get this because you subscribed on %(date)s: %(when)s.",
        date=language.plain_date(day),
        when=_WHEN,
    )


@lru_cache(4096)
def rhythm(cadence: str, hour: int, zone: str, language: Language) -> str:
    """How often a reader's papers come, and when: "daily at 8:00, Europe/Berlin"."""
    if cadence == "weekly":
        return language.gettext("weekly at %(hour)s:00, %(zone)s", hour=hour, zone=zone)
    if cadence == "weekdays":
        return language.gettext("on weekdays at %(hour)s:00, %(zone)s", hour=hour, zone=zone)
    return language.gettext("daily at %(hour)s:00, %(zone)s", hour=hour, zone=zone)


def values(block: Block) -> dict[str, str]:
    """A note's, heading's or rest's values for its text template, wrapped for a terminal."""
    if block.kind == "heading":
        return {"heading": block.text.upper(), "rule": "-" * min(width(block.text), COLUMNS)}
    return {block.kind: wrap(block.text)}
