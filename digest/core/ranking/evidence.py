"""Evidence: what raised the picks of a shard, in words the readers know."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any, TypeAlias

import numpy as np

from digest.core.edition import Candidate, ReasonKind
from digest.core.ranking.causes import AUTHOR, CATEGORY, INTEREST, KEYWORD, KINDS, LIKED, ranges
from digest.core.ranking.names import agree, name
from digest.core.ranking.pool import Flags, Floats, Places, Pool
from digest.core.ranking.score import Scores, covers
from digest.core.ranking.spans import told
from digest.core.ranking.text import fold

# Kinds by number, in the order of their names: as keys, the members of an enum are slow.
NAMED = sorted(ReasonKind)
_NUMBERS = [NAMED.index(kind) for kind in KINDS]

# A pick's number, the number of a kind, what is told of it, and its part of the pick's score.
Evidence: TypeAlias = tuple[int, int, str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Picked:
    """Papers that were picked (their places in the pool) and for whom (places in the shard)."""

    readers: Places
    papers: Places

    def __len__(self) -> int:
        return len(self.readers)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Causes that raised picks: the pick's number and paper, the cause's row, and its part."""

    picks: Places
    papers: Places
    rows: Places
    parts: Floats

    def where(self, flags: Flags) -> "_Pairs":
        return _Pairs(self.picks[flags], self.papers[flags], self.rows[flags], self.parts[flags])

    def __iter__(self) -> Iterator[tuple[int, int, int, float]]:
        columns = (self.picks, self.papers, self.rows, self.parts)
        return zip(*(column.tolist() for column in columns), strict=True)


def caused(pool: Pool, scores: Scores, picked: Picked) -> Iterator[Evidence]:
    """What the causes in the readers' profiles did."""
    pairs = _pairs(scores, picked)
    typed = pairs.rows < scores.causes.starts[LIKED]
    yield from _typed(pool, scores, pairs.where(typed))
    yield from _named(pool, scores, pairs.where(~typed))


def _pairs(scores: Scores, picked: Picked) -> _Pairs:
    which, ends = scores.causes.by_owner()
    counts = np.diff(ends)[picked.readers]
    rows = which[ranges(ends[picked.readers], counts)]
    picks = np.repeat(np.arange(len(picked)), counts)
    papers = picked.papers[picks]
    parts = scores.parts[rows, papers]
    return _Pairs(picks, papers, rows, parts).where(parts > 0)


def _typed(pool: Pool, scores: Scores, pairs: _Pairs) -> Iterator[Evidence]:
    """A keyword that stands in the paper as a whole is named as a whole; of other lines, their
    words that stand there."""
    lines, first = scores.typed.lines, scores.causes.starts[KEYWORD]
    whole = pairs.rows >= first
    whole[whole] = scores.whole[pairs.rows[whole] - first, pairs.papers[whole]] > 0
    for pick, _, row, part in pairs.where(whole):
        yield pick, _NUMBERS[KEYWORD], lines[row].text, part
    others = pairs.where(~whole)
    found = scores.typed.found(pool, others.rows, others.papers)
    for (pick, at, row, part), terms in zip(others, found, strict=True):
        kind = _NUMBERS[INTEREST if row < first else KEYWORD]
        for text, weight in told(pool, lines[row], terms, part, at):
            yield pick, kind, text, weight


def _named(pool: Pool, scores: Scores, pairs: _Pairs) -> Iterator[Evidence]:
    """A liked paper by its title, an author and a category as the paper writes them."""
    starts = scores.causes.starts
    called = lru_cache(maxsize=None)(_Names(pool))
    for pick, at, row, part in pairs:
        kind = LIKED if row < starts[AUTHOR] else AUTHOR if row < starts[CATEGORY] else CATEGORY
        what = scores.causes.of_kind[kind][row - starts[kind]]
        yield pick, _NUMBERS[kind], called(kind, what, at), part


class _Names:
    """What a cause that is no typed text is called in a paper."""

    def __init__(self, pool: Pool) -> None:
        self.papers = [one.paper for one in pool.candidates]

    def __call__(self, kind: int, what: Any, at: int) -> str:
        if kind == AUTHOR:
            return next(one for one in self.papers[at].authors if agree(name(what), name(one)))
        if kind == CATEGORY:
            asked = fold(what)
            return next(one for one in self.papers[at].categories if covers(asked, fold(one)))
        return str(what.title)


def voted(pool: Pool, scores: Scores, picked: Picked) -> Iterator[Evidence]:
    """What the votes and their rise did."""
    for kind, adds in zip((ReasonKind.VOTES, ReasonKind.RISING), pool.popularity, strict=True):
        parts = adds[picked.papers]
        if scores.left is not None:
            parts = parts * scores.left[picked.readers, picked.papers]
        some = np.flatnonzero(parts > 0)
        papers = picked.papers[some].tolist()
        texts = {at: _counts(kind, pool.candidates[at]) for at in {*papers}}
        told = map(texts.__getitem__, papers)
        yield from zip(some.tolist(), repeat(NAMED.index(kind)), told, parts[some].tolist())


def _counts(kind: ReasonKind, candidate: Candidate) -> str:
    votes = str(candidate.paper.votes)
    return votes if kind is ReasonKind.VOTES else f"{candidate.votes_before} → {votes}"
