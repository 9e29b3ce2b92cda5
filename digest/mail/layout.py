"""What stands in one reader's mail, in which order and words; how it looks is for templates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from digest.core.edition import Digest, Pick, Reason, Section
from digest.core.message import Recipient
from digest.mail.card import Card
from digest.mail.wording import clean, count, plain_date, wrap

HEADINGS = {Section.RISING: "Rising", Section.TRENDING: "Trending with everyone"}
_ORDER = {section: place for place, section in enumerate(Section)}
LONGEST_NOTE, LONGEST_HEADING = 300, 80


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the mail's middle: a "note", "heading", "card", "row" or "rest".

    `text` is a note's, heading's or rest's; `reasons` are a card's.
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


def blocks(digest: Digest) -> list[Block]:
    """All blocks in the mail's order: notes, then each section's headings with their papers.

    What trends with everyone stands in short rows below the reader's own papers, and in full
    cards where the reader has none.
    """
    found = [Block("note", text) for note in digest.notes if (text := clean(note, LONGEST_NOTE))]
    groups = _groups(digest.picks)
    has_own = any(section is not Section.TRENDING for section, _ in groups)
    for (section, heading), picks in groups.items():
        found.append(Block("heading", heading))
        kind = "row" if section is Section.TRENDING and has_own else "card"
        found += [Block(kind, paper_id=p.paper_id, reasons=p.reasons) for p in picks]
    return found


def _groups(picks: Sequence[Pick]) -> dict[tuple[Section, str], list[Pick]]:
    """Picks by section and heading: sections in the mail's order, all else as it comes."""
    groups: dict[tuple[Section, str], list[Pick]] = {}
    for pick in sorted(picks, key=lambda pick: _ORDER[pick.section]):
        groups.setdefault((pick.section, _heading(pick)), []).append(pick)
    return groups


def _heading(pick: Pick) -> str:
    own = clean(pick.heading, LONGEST_HEADING) if pick.section is Section.FOR_YOU else ""
    return own or HEADINGS.get(pick.section, "For you")


def words(digest: Digest, recipient: Recipient, cards: Mapping[int, Card]) -> Words:
    """The words around the blocks; the subject is the first paper the reader will meet."""
    shown = list(_in_order(digest, cards))
    also = "; ".join(card.short for card in shown[1:3])
    return Words(
        subject_title=shown[0].short.replace("=?", "= ?") if shown else "",
        more=len(shown) - 1,
        preheader=f"Also: {also}" if also else _line(digest),
        line=_line(digest),
        because=_because(recipient),
    )


def _in_order(digest: Digest, cards: Mapping[int, Card]) -> Iterator[Card]:
    for pick in sorted(digest.picks, key=lambda pick: _ORDER[pick.section]):
        yield cards[pick.paper_id]


def _line(digest: Digest) -> str:
    picked, papers = len(digest.picks), max(digest.considered, len(digest.picks))
    if not picked:
        return "Nothing for you today"
    own = any(pick.section is Section.FOR_YOU for pick in digest.picks)
    return f"{picked:,} of {count(papers, 'new paper')}, {'picked for you' if own else 'by votes'}"


def _because(recipient: Recipient) -> str:
    when = f"{clean(recipient.cadence, 20)} at {recipient.hour}:00, {clean(recipient.zone, 40)}"
    if recipient.subscribed_on is None:
        return f"You get this because you subscribed: {when}."
    return f"You get this because you subscribed on {plain_date(recipient.subscribed_on)}: {when}."


def values(block: Block) -> dict[str, str]:
    """A note's, heading's or rest's values for its text template, wrapped for a terminal."""
    if block.kind == "heading":
        return {"heading": block.text.upper(), "rule": "-" * min(len(block.text), 76)}
    return {block.kind: wrap(block.text)}
