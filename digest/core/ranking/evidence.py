"""Evidence: what raised the picks of a shard, in words the readers know."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np

from digest.core.edition import Candidate, ReasonKind
from digest.core.ranking.causes import AUTHOR, KEYWORD, KINDS, LIKED, ranges
from digest.core.ranking.names import agree, name
from digest.core.ranking.pool import Flags, Floats, Places, Pool
from digest.core.ranking.score import Scores, covers
from digest.core.ranking.spans import spans
from digest.core.ranking.text import fold

# Kinds by number, in the order of their names: an enum's members are slow to look up.
NAMED = sorted(ReasonKind)
_NUMBERS = np.array([NAMED.index(kind) for kind in KINDS])


@dataclass(frozen=True, slots=True, eq=False)
class Picked:
    """Papers that were picked (their places in the pool) and for whom (places in the shard)."""

    readers: Places
    papers: Places


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Picks by number, of what kind (a place in NAMED) is that which raised them, its part of the
    score, and what is told of it."""

    picks: Places
    kinds: Places
    parts: Floats
    texts: list[str]


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Causes that raised picks: the pick's number and paper, the cause's kind and row, its part."""

    picks: Places
    papers: Places
    kinds: Places
    rows: Places
    parts: Floats

    def where(self, some: Flags) -> "_Pairs":
        return _Pairs(
            self.picks[some], self.papers[some], self.kinds[some], self.rows[some], self.parts[some]
        )

    def told(self, texts: list[str]) -> Evidence:
        return Evidence(self.picks, _NUMBERS[self.kinds], self.parts, texts)


def evidence(pool: Pool, scores: Scores, picked: Picked) -> Evidence:
    """All that raised the picks, in no special order; nothing is told twice of a pick."""
    pairs = _pairs(scores, picked)
    typed, liked = pairs.kinds <= KEYWORD, pairs.kinds == LIKED
    whole = _whole(scores, pairs)
    named = _joined(
        _whole_keywords(scores, pairs.where(whole)),
        _words(pool, scores, pairs.where(typed & ~whole)),
        _liked(scores, pairs.where(liked)),
        _names(pool, scores, pairs.where(~(typed | liked))),
    )
    votes = [_voted(pool, scores, picked, kind) for kind in (ReasonKind.VOTES, ReasonKind.RISING)]
    return _joined(_once(named), *votes)


def _joined(*told: Evidence) -> Evidence:
    return Evidence(
        np.concatenate([one.picks for one in told]),
        np.concatenate([one.kinds for one in told]),
        np.concatenate([one.parts for one in told]),
        [*chain.from_iterable(one.texts for one in told)],
    )


def _once(told: Evidence) -> Evidence:
    """What is told twice of one pick is one, and its parts are added."""
    group = told.picks * len(NAMED) + told.kinds
    several = np.flatnonzero(np.bincount(group)[group] > 1)
    first: dict[str, int] = {}  # by texts: tuples would keep the garbage collector busy
    again: list[tuple[int, int]] = []
    for at, number in zip(several.tolist(), group[several].tolist(), strict=True):
        place = first.setdefault(f"{number} {told.texts[at]}", at)
        if place != at:
            again.append((place, at))
    parts = told.parts.copy()
    for place, at in again:
        parts[place] += parts[at]
        parts[at] = 0.0
    return Evidence(told.picks, told.kinds, parts, told.texts)


def _pairs(scores: Scores, picked: Picked) -> _Pairs:
    which, ends = scores.causes.by_owner()
    counts = np.diff(ends)[picked.readers]
    rows = which[ranges(ends[picked.readers], counts)]
    picks = np.repeat(np.arange(len(counts)), counts)
    papers = picked.papers[picks]
    kinds = np.searchsorted(scores.causes.starts, rows, side="right") - 1
    pairs = _Pairs(picks, papers, kinds, rows, scores.parts[rows, papers])
    return pairs.where(pairs.parts > 0)


def _whole(scores: Scores, pairs: _Pairs) -> Flags:
    """Which causes are keywords that stand in the paper as a whole."""
    whole: Flags = pairs.kinds == KEYWORD
    rows = pairs.rows[whole] - scores.causes.starts[KEYWORD]
    whole[whole] = scores.whole[rows, pairs.papers[whole]] > 0
    return whole


def _whole_keywords(scores: Scores, pairs: _Pairs) -> Evidence:
    lines = scores.typed.lines
    return pairs.told([lines[row].text for row in pairs.rows.tolist()])


def _words(pool: Pool, scores: Scores, pairs: _Pairs) -> Evidence:
    """Of typed lines, the words that stand in the paper; they share the line's part. Where none
    stands there, the line itself: an encoder found that it means the paper."""
    lines, found = scores.typed.lines, scores.typed.found(pool, pairs.rows, pairs.papers)
    texts: list[str] = []
    parts: list[float] = []
    counts = []
    columns = (pairs.rows.tolist(), pairs.papers.tolist(), pairs.parts.tolist(), found)
    for row, at, part, terms in zip(*columns, strict=True):
        line = lines[row]
        if len(terms) == 1:
            texts.append(line.written(*line.places[terms[0][0]]))
            parts.append(part)
            counts.append(1)
        elif not terms:
            texts.append(line.heading)
            parts.append(part)
            counts.append(1)
        else:
            told = spans(pool, line, terms, part, at)
            texts += told.keys()
            parts += told.values()
            counts.append(len(told))
    return Evidence(
        np.repeat(pairs.picks, counts),
        np.repeat(_NUMBERS[pairs.kinds], counts),
        np.array(parts, dtype=np.float64),
        texts,
    )


def _liked(scores: Scores, pairs: _Pairs) -> Evidence:
    """Of a taste, the liked papers without which its part would be least; they share it by how
    much it would fall."""
    found = scores.likes.closest(pairs.rows - scores.causes.starts[LIKED], pairs.papers)
    falls = np.bincount(found.asked, found.falls, minlength=len(pairs.picks))
    parts = pairs.parts[found.asked] * found.falls / falls[found.asked]
    kinds = _NUMBERS[pairs.kinds[found.asked]]
    return Evidence(pairs.picks[found.asked], kinds, parts, found.titles)


def _names(pool: Pool, scores: Scores, pairs: _Pairs) -> Evidence:
    """An author and a category as the paper writes them."""
    of_kind, starts = scores.causes.of_kind, scores.causes.starts
    called = lru_cache(maxsize=None)(_Names(pool))
    columns = (pairs.kinds.tolist(), pairs.rows.tolist(), pairs.papers.tolist())
    return pairs.told(
        [
            called(kind, of_kind[kind][row - starts[kind]], at)
            for kind, row, at in zip(*columns, strict=True)
        ]
    )


class _Names:
    """What a cause that is no typed text is called in a paper."""

    def __init__(self, pool: Pool) -> None:
        self.papers = [one.paper for one in pool.candidates]

    def __call__(self, kind: int, what: Any, at: int) -> str:
        if kind == AUTHOR:
            return next(one for one in self.papers[at].authors if agree(name(what), name(one)))
        asked = fold(what)
        return next(one for one in self.papers[at].categories if covers(asked, fold(one)))


def _voted(pool: Pool, scores: Scores, picked: Picked, kind: ReasonKind) -> Evidence:
    """What the votes did, or their rise."""
    adds = pool.popularity[0 if kind is ReasonKind.VOTES else 1]
    parts = adds[picked.papers] * scores.swayed[picked.readers]
    if scores.left is not None:
        parts = parts * scores.left[picked.readers, picked.papers]
    some = np.flatnonzero(parts > 0)
    papers = picked.papers[some].tolist()
    texts = {at: _counts(kind, pool.candidates[at]) for at in {*papers}}
    kinds = np.full(len(some), NAMED.index(kind))
    return Evidence(some, kinds, parts[some], [*map(texts.__getitem__, papers)])


def _counts(kind: ReasonKind, candidate: Candidate) -> str:
    votes = str(candidate.paper.votes)
    return votes if kind is ReasonKind.VOTES else f"{candidate.votes_before} → {votes}"
