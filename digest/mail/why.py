"""Why a paper was picked, in one true line: the reader's own words first, then at most two causes.

A line is a sequence of bits; the templates decide how each kind of bit looks. Sentences are whole
in every language: a cause is a clause of its own, put in where the sentence wants it.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from digest.core.edition import Reason, ReasonKind
from digest.mail.language import ENGLISH, HOLE, Language
from digest.mail.wording import clean

Bit = tuple[str, str]  # ("plain" | "gap" | "term" | "title", text); a gap parts two terms
Bits = tuple[Bit, ...]
Cause = tuple[ReasonKind, str]  # votes with their whole clause, others with the name in theirs

TERMS, CAUSES, LONGEST = 3, 2, 80
WORTH_SAYING = 10
_MANY = 2
# Read once: to ask an enumeration for its member costs as much as the rest of a reason.
_INTEREST, _KEYWORD = ReasonKind.INTEREST, ReasonKind.KEYWORD
_VOTES, _RISING = ReasonKind.VOTES, ReasonKind.RISING


def why(reasons: Sequence[Reason], language: Language = ENGLISH) -> Bits:
    """The bits of the line, without a final stop; () for no reason."""
    return line(*told(reasons, language), language)


def told(reasons: Sequence[Reason], language: Language) -> tuple[list[str], list[Cause]]:
    """What the line says of the reasons: the reader's own words, and the causes."""
    terms, others, rises = [], [], False
    for reason in reasons:
        kind = reason.kind
        if kind is _INTEREST or kind is _KEYWORD:
            text = clean(reason.text, LONGEST)
            if text and text not in terms:
                terms.append(text)
        else:
            rises = rises or kind is _RISING
            others.append(reason)
    return terms[:TERMS], list(_causes(others, language, worded=bool(terms), rises=rises))


def _causes(
    reasons: Sequence[Reason], language: Language, *, worded: bool, rises: bool
) -> Iterator[Cause]:
    """At most CAUSES; no votes where a rising paper says both counts, or where they are few and
    there are better words."""
    left = CAUSES
    for reason in reasons:
        kind, text = reason.kind, reason.text
        if kind is _VOTES and (rises or (worded and _is_small(text))):
            continue
        if kind is _VOTES or kind is _RISING:
            text = _counted(kind, text, language)
        else:
            text = clean(text, LONGEST)
        if text:
            yield kind, text
            left -= 1
        if not left:
            return


def _is_small(votes: str) -> bool:
    """A few votes are no reason worth a reader's time beside their own words."""
    return votes.isdecimal() and int(votes) < WORTH_SAYING


def line(terms: Sequence[str], causes: Sequence[Cause], language: Language) -> Bits:
    """The bits that say these; each text comes once."""
    said = [_cause(kind, text, language) for kind, text in causes]
    holes = dict(zip(("cause", "other"), said, strict=False))
    pattern = _sentence(bool(terms), len(causes), language)
    return _filled(pattern, terms=tuple(_terms(terms)), **holes)


def _sentence(has_terms: bool, causes: int, language: Language) -> str:
    match has_terms, causes:
        case True, 0:
            return language.gettext("You see this for %(terms)s")
        case True, 1:
            return language.gettext("You see this for %(terms)s and because %(cause)s")
        case True, _:
            return language.gettext(
                "You see this for %(terms)s and because %(cause)s and %(other)s"
            )
        case False, 1:
            return language.gettext("You see this because %(cause)s")
        case False, 2:
            return language.gettext("You see this because %(cause)s and %(other)s")
    return ""


def _terms(terms: Sequence[str]) -> Iterator[Bit]:
    for place, term in enumerate(terms):
        if place:
            yield "gap", ""
        yield "term", term


def _cause(kind: ReasonKind, text: str, language: Language) -> Bits:
    if kind is ReasonKind.LIKED:
        pattern = language.gettext("it is close to %(title)s, which you liked")
        return _filled(pattern, title=(("title", text),))
    if kind is ReasonKind.AUTHOR:
        return _filled(language.gettext("it is by %(author)s"), author=(("term", text),))
    if kind is ReasonKind.CATEGORY:
        return _filled(language.gettext("it is in %(category)s"), category=(("term", text),))
    return (("plain", text),)


@lru_cache(4096)  # a day's counts are few
def _counted(kind: ReasonKind, count: str, language: Language) -> str:
    """The whole clause about votes; "" for votes without a number."""
    text = clean(count, LONGEST)
    if kind is _RISING:
        return _rising(text, language)
    number = _number(text)
    said = language.ngettext("it has %(count)s vote", "it has %(count)s votes", number, count=text)
    return said if text else ""


def _rising(text: str, language: Language) -> str:
    if not text:
        return language.gettext("it is rising")
    number = _number(text.rpartition(" ")[2])
    votes = language.ngettext("%(count)s vote", "%(count)s votes", number, count=text)
    return language.gettext("it is rising (%(votes)s)", votes=votes.replace(" ", "\xa0"))


def _number(text: str) -> int:
    """The number that a count is; what is none goes with many."""
    return int(text) if text.isdecimal() else _MANY


def _filled(pattern: str, **holes: Bits) -> Bits:
    """The pattern in bits, with the bits of each %(name)s in its place."""
    pieces = HOLE.split(pattern)
    found: list[Bit] = []
    for place, piece in enumerate(pieces):
        if place % 2:
            found += holes[piece]
        elif piece:
            found.append(("plain", piece))
    return tuple(found)
