"""Why a paper was picked, in one true line: the reader's own words first, then at most two causes.

A line is a sequence of bits; the templates decide how each kind of bit looks. Sentences are whole
in every language: a cause is a clause of its own, put in where the sentence wants it.
"""

from collections.abc import Iterator, Sequence

from digest.core.edition import Reason, ReasonKind
from digest.mail.language import ENGLISH, HOLE, Language
from digest.mail.wording import clean

Bit = tuple[str, str]  # ("plain" | "gap" | "term" | "title", text); a gap parts two terms
Bits = tuple[Bit, ...]

TERMS, CAUSES, LONGEST = 3, 2, 80
WORTH_SAYING = 10
_MANY = 2
_WORDS = (ReasonKind.INTEREST, ReasonKind.KEYWORD)


def why(reasons: Sequence[Reason], language: Language = ENGLISH) -> Bits:
    """The bits of the line, without a final stop; () for no reason."""
    seen = dict.fromkeys(clean(r.text, LONGEST) for r in reasons if r.kind in _WORDS)
    terms = [text for text in seen if text][:TERMS]
    rises = any(r.kind is ReasonKind.RISING for r in reasons)
    told = [r for r in reasons if r.kind not in _WORDS and not (terms and _is_small(r))]
    told = [r for r in told if not (rises and r.kind is ReasonKind.VOTES)]  # it says both counts
    causes = [bits for r in told if (bits := _cause(r, language))][:CAUSES]
    holes = dict(zip(("cause", "other"), causes, strict=False))
    pattern = _sentence(bool(terms), len(causes), language)
    return _filled(pattern, terms=tuple(_terms(terms)), **holes)


def _is_small(reason: Reason) -> bool:
    """A few votes are no reason worth a reader's time beside their own words."""
    few = reason.text.isdecimal() and int(reason.text) < WORTH_SAYING
    return reason.kind is ReasonKind.VOTES and few


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


def _cause(reason: Reason, language: Language) -> Bits:
    text = clean(reason.text, LONGEST)
    if reason.kind is ReasonKind.RISING:
        return (("plain", _rising(text, language)),)
    if not text:
        return ()
    if reason.kind is ReasonKind.LIKED:
        pattern = language.gettext("it is close to %(title)s, which you liked")
        return _filled(pattern, title=(("title", text),))
    if reason.kind is ReasonKind.AUTHOR:
        return _filled(language.gettext("it is by %(author)s"), author=(("term", text),))
    if reason.kind is ReasonKind.CATEGORY:
        return _filled(language.gettext("it is in %(category)s"), category=(("term", text),))
    number = _number(text)
    votes = language.ngettext("it has %(count)s vote", "it has %(count)s votes", number, count=text)
    return (("plain", votes),)


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
