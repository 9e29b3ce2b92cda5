"""What keeps a paper out of a digest whatever its score: it was sent before, or it is muted."""

from collections.abc import Callable

from digest.core.ranking.names import name
from digest.core.ranking.pool import Pool
from digest.core.ranking.reader import Model
from digest.core.ranking.text import fold, phrase, sequence, words

Muted = Callable[[str], list[int]]


def bars(pool: Pool, model: Model, sent: frozenset[int], muted: Muted) -> dict[int, str]:
    """The places in the pool that are barred for one reader, and why, in words for the reader.

    A near-duplicate of a sent paper counts as sent. `muted` finds what one phrase mutes; it is
    given so that readers of a shard can share what it found.
    """
    barred: dict[int, str] = {}
    for text in model.mute:
        for at in muted(text):
            barred.setdefault(at, f"muted by '{text}'")
    for paper_id in sorted(sent & pool.places.keys()):
        at = pool.places[paper_id]
        barred[at] = "already sent or rated"
        for twin in sorted(pool.twins.get(at, ())):
            barred.setdefault(twin, f"near-duplicate of {paper_id}, already sent or rated")
    return barred


def muted_by(pool: Pool, text: str) -> list[int]:
    """The papers that contain the words of `text` side by side, or have it as category or author.

    Words, not letters: "art" does not mute "party". An author's name must be given in full.
    """
    found = set(pool.with_phrase(phrase(text)))
    found.update(*(places for category, places in pool.filed_under.items() if _is(text, category)))
    who = name(text)
    found.update(at for at, author in pool.written_by.get(who.family, ()) if author == who)
    return sorted(found)


def _is(text: str, category: str) -> bool:
    """Whether `text` is a category or, where that is plain words ("cell biology"), stands in it."""
    wanted = phrase(text)
    spelled_out = "." not in category and bool(wanted)
    return fold(text) == category or (spelled_out and f" {wanted} " in sequence(words(category)))
