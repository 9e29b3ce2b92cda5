"""Why a paper was picked, in one true line: the reader's own words first, then at most two causes.

A line is a sequence of bits; the templates decide how each kind of bit looks.
"""

from collections.abc import Iterator, Sequence

from digest.core.edition import Reason, ReasonKind
from digest.mail.wording import clean

Bit = tuple[str, str]  # ("plain" | "gap" | "term" | "title", text); a gap parts two terms

TERMS, CAUSES, LONGEST = 3, 2, 80
WORTH_SAYING = 10
_WORDS = (ReasonKind.INTEREST, ReasonKind.KEYWORD)


def why(reasons: Sequence[Reason]) -> tuple[Bit, ...]:
    """The bits of the line that follows "You see this ", without a final stop; () for no reason."""
    seen = dict.fromkeys(clean(r.text, LONGEST) for r in reasons if r.kind in _WORDS)
    terms = [text for text in seen if text][:TERMS]
    rises = any(r.kind is ReasonKind.RISING for r in reasons)
    told = [r for r in reasons if r.kind not in _WORDS and not (terms and _is_small(r))]
    told = [r for r in told if not (rises and r.kind is ReasonKind.VOTES)]  # it says both counts
    causes = [bits for r in told if (bits := _cause(r))][:CAUSES]
    return (*_terms(terms), *_causes(causes, after_terms=bool(terms)))


def _is_small(reason: Reason) -> bool:
    """A few votes are no reason worth a reader's time beside their own words."""
    few = reason.text.isdecimal() and int(reason.text) < WORTH_SAYING
    return reason.kind is ReasonKind.VOTES and few


def _terms(terms: Sequence[str]) -> Iterator[Bit]:
    for place, term in enumerate(terms):
        yield ("gap", "") if place else ("plain", "for ")
        yield "term", term


def _causes(causes: Sequence[tuple[Bit, ...]], *, after_terms: bool) -> Iterator[Bit]:
    for place, bits in enumerate(causes):
        start = " and " if place else "and because " if after_terms else "because "
        yield "plain", f" {start}" if after_terms and not place else start
        yield from bits


def _cause(reason: Reason) -> tuple[Bit, ...]:
    text = clean(reason.text, LONGEST)
    if reason.kind is ReasonKind.RISING:
        return (
            ("plain", f"it is rising ({_unbroken(text)}\xa0votes)" if text else "it is rising"),
        )
    if not text:
        return ()
    if reason.kind is ReasonKind.LIKED:
        return ("plain", "it is close to "), ("title", text), ("plain", ", which you liked")
    if reason.kind is ReasonKind.AUTHOR:
        return ("plain", "it is by "), ("term", text)
    if reason.kind is ReasonKind.CATEGORY:
        return ("plain", "it is in "), ("term", text)
    return (("plain", f"it has {text} votes" if text != "1" else "it has 1 vote"),)


def _unbroken(text: str) -> str:
    return text.replace(" ", "\xa0")
