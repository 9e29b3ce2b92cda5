"""What keeps a paper out of a digest whatever its score: it was sent before, or it is muted."""

from collections.abc import Callable

from digest.core.ranking.names import name
from digest.core.ranking.pool import Pool
from digest.core.ranking.reader import Model
from digest.core.ranking.text import fold, phrase

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
    for paper_id in sorted(sent & pool.places.keys()) if sent else ():
        at = pool.places[paper_id]
        barred[at] = "already sent or rated"
        for twin in sorted(pool.twins.get(at, ())):
            barred.setdefault(twin, f"near-duplicate of {paper_id}, already sent or rated")
    return barred


def muted_by(pool: Pool, text: str) -> list[int]:
    """The papers that contain the words of `text` side by side, or have it as category or author.

    Words, not letters: "art" does not mute "party". Of a category in plain words some are enough;
    an author's name must be given in full.
    """
    wanted, who = phrase(text), name(text)
    found = {*pool.with_phrase(wanted), *pool.filed_under.get(fold(text), ())}
    for category, papers in pool.spelled_out if wanted else ():
        if f" {wanted} " in category:
            found.update(papers)
    found.update(at for at, author in pool.written_by.get(who.family, ()) if author == who)
    return sorted(found)
