"""Pool: the day's papers as matrices, made once for a whole cohort of readers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import log, log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.core.edition import Candidate, Change
from digest.core.identity import title_key
from digest.core.paper import Paper
from digest.core.ranking import weights
from digest.core.ranking.encoded import Encoded, Sensed, paper_text
from digest.core.ranking.latent import Shape
from digest.core.ranking.names import Name, name
from digest.core.ranking.sketch import Numbers, numbers
from digest.core.ranking.sparse import Matrix, matrix, product, rows_of, saturated, unit
from digest.core.ranking.text import counted, fold, sequence, words
from digest.core.ranking.vocabulary import Vocabulary

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.int64]
Marks = Mapping[int, float]  # places in the pool, each with a number; 0 everywhere else


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The candidates by ascending paper id, and what every reader's score needs of them.

    `typed` (terms x papers) weighs words a reader typed, at ascending `spots` if its rows stood in
    one line; `texts` (papers x terms, rows of length 1) is for likeness to other papers, `across`
    the same turned, `shape` what the vocabulary's latent directions see of it, and `known` where
    they have each term. `containing` holds where each word stands: 1 in the title, somewhat less
    where only in the rest. `filed_under` holds what each folded category counts in
    its papers; `spelled_out` those in plain words ("cell biology"), each as a `sequence`.
    `written_by` finds papers by an author's family name.
    `leaders` are the day's first by votes, with their row in `leaders_alike`. `twins` are the
    near-duplicates of a paper. All but `places` name a paper by its place here. `numbers` are the
    terms' as sketches have them, ascending, with their columns. `kept` is for what is worked out
    once: the likeness to papers that readers liked, and to the history's. `encoded` is what an
    encoder knows of texts, None where there is none, and `sensed` what it says of these papers.
    """

    candidates: tuple[Candidate, ...]
    vocabulary: Vocabulary
    places: Mapping[int, int]
    columns: Mapping[str, int]
    telling: Floats
    typed: Matrix
    spots: Places
    texts: Matrix
    across: Matrix
    known: Places | None
    shape: Shape | None
    titles: tuple[str, ...]
    bodies: tuple[str, ...]
    containing: Mapping[str, Marks]
    filed_under: Mapping[str, Marks]
    spelled_out: tuple[tuple[str, Marks], ...]
    written_by: Mapping[str, tuple[tuple[int, Name], ...]]
    votes: Floats
    rise: Floats
    rising: Flags
    revised: Flags
    trending: Flags
    leaders: Mapping[int, int]
    leaders_alike: Floats
    twins: Mapping[int, frozenset[int]]
    numbers: tuple[Numbers, Places]
    kept: dict[str, Any] = field(default_factory=dict)
    encoded: Encoded | None = None
    sensed: Sensed | None = None

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def popularity(self) -> tuple[Floats, Floats]:
        """What each paper's votes add to a score, and what their rise adds."""
        return weights.VOTES * self.votes, weights.RISING * self.rise

    def says(self, at: int, phrase: str) -> bool:
        """Whether a paper contains a phrase (as `text.phrase` writes it)."""
        spaced = f" {phrase} "
        return spaced in self.titles[at] or spaced in self.bodies[at]

    def with_phrase(self, phrase: str) -> Marks:
        """The papers that contain a phrase (as `text.phrase` writes it), as `containing` does."""
        if " " not in phrase:
            return self.containing.get(phrase, {})
        rarest, *others = sorted((self.containing.get(w, {}) for w in phrase.split()), key=len)
        likely = [at for at in rarest if all(at in other for other in others)]
        spaced = f" {phrase} "
        return {
            at: 1.0 if spaced in self.titles[at] else weights.PHRASE_IN_ABSTRACT
            for at in likely
            if self.says(at, phrase)
        }

    def typed_at(self, columns: Places, papers: Places) -> Floats:
        """What each of some terms (by column) weighs in one paper each; 0 where it does not stand
        there."""
        wanted = columns * len(self) + papers
        spots = np.minimum(np.searchsorted(self.spots, wanted), len(self.spots) - 1)
        return np.where(self.spots[spots] == wanted, self.typed.data[spots], 0.0)


def prepare(
    candidates: Sequence[Candidate], vocabulary: Vocabulary, encoded: Encoded | None = None
) -> Pool:
    """Make the pool of a day's candidates (0 to some thousands); their order does not matter.

    Of two candidates with one paper id the first counts.
    """
    unique = {one.paper_id: one for one in reversed(candidates)}
    ordered = tuple(unique[paper_id] for paper_id in sorted(unique))
    papers = [one.paper for one in ordered]
    read = [_Read(paper) for paper in papers]
    columns = {term: at for at, term in enumerate(sorted(set().union(*(r.counts for r in read))))}
    counts = rows_of((one.counts for one in read), columns)
    terms = [*columns]
    masses = np.array(vocabulary.masses(terms), dtype=np.float64)
    typed = saturated(counts, masses, weights.SATURATION, weights.LENGTH).T.tocsr()
    telling = np.array(vocabulary.tellings(terms), dtype=np.float64)
    texts = unit(counts, telling)
    latent = vocabulary.latent
    known = latent.places(terms) if latent else None
    filed_under = _filed_under(papers)
    votes = _votes(papers)
    rise = np.array([_rise(one) for one in ordered], dtype=np.float64)
    leaders = leading(votes, rise)
    return Pool(
        candidates=ordered,
        vocabulary=vocabulary,
        places={one.paper_id: at for at, one in enumerate(ordered)},
        columns=columns,
        telling=telling,
        typed=typed,
        spots=_spots(typed),
        texts=texts,
        across=texts.T.tocsr(),
        known=known,
        shape=latent.shape(texts, known) if latent and known is not None else None,
        titles=tuple(one.title for one in read),
        bodies=tuple(one.body for one in read),
        containing=_containing([(one.title, one.body) for one in read]),
        filed_under=filed_under,
        spelled_out=_spelled_out(filed_under),
        written_by=_written_by(papers),
        votes=votes,
        rise=rise,
        rising=np.array([one.change is Change.RISING for one in ordered], dtype=np.bool_),
        revised=np.array([one.change is Change.REVISED for one in ordered], dtype=np.bool_),
        trending=_trending(papers),
        leaders={at: row for row, at in enumerate(leaders)},
        leaders_alike=product(texts[leaders], texts[leaders].T.tocsr()),
        twins=_twins(papers, texts),
        numbers=_numbers(terms),
        encoded=encoded,
        sensed=encoded.papers([paper_text(p.title, p.abstract) for p in papers])
        if encoded
        else None,
    )


class _Read:
    """A paper's text read once: its terms counted, its title and body as sequences of words."""

    def __init__(self, paper: Paper) -> None:
        title = words(paper.title)
        body = [words(text) for text in (paper.abstract, *paper.keywords)]
        self.counts = counted(title, *body)
        self.title = sequence(title)
        self.body = sequence(*body)


def _numbers(terms: Sequence[str]) -> tuple[Numbers, Places]:
    found = numbers(terms)
    order = np.argsort(found, kind="stable")
    return found[order], order


def _containing(texts: Sequence[tuple[str, str]]) -> dict[str, dict[int, float]]:
    """Where each word stands, and what it counts there as a phrase of one word."""
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for at, (title, body) in enumerate(texts):
        for word in body.split():
            found[word][at] = weights.PHRASE_IN_ABSTRACT
        for word in title.split():
            found[word][at] = 1.0
    return dict(found)


def _filed_under(papers: Sequence[Paper]) -> dict[str, Marks]:
    """A paper's first category is its own, the others are cross-lists."""
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for at, paper in enumerate(papers):
        for category in paper.categories[1:]:
            found[fold(category)][at] = weights.CROSS_LISTED
        for category in paper.categories[:1]:
            found[fold(category)][at] = weights.CATEGORY
    return dict(found)


def _spelled_out(filed_under: Mapping[str, Marks]) -> tuple[tuple[str, Marks], ...]:
    return tuple(
        (sequence(words(category)), papers)
        for category, papers in filed_under.items()
        if "." not in category
    )


def _written_by(papers: Sequence[Paper]) -> dict[str, tuple[tuple[int, Name], ...]]:
    found: defaultdict[str, list[tuple[int, Name]]] = defaultdict(list)
    for at, paper in enumerate(papers):
        for author in paper.authors:
            found[name(author).family].append((at, name(author)))
    return {family: tuple(places) for family, places in found.items()}


def _spots(typed: Matrix) -> Places:
    terms, papers = typed.shape
    rows = np.repeat(np.arange(terms, dtype=np.int64), np.diff(typed.indptr))
    spots: Places = rows * papers + typed.indices
    return spots


def _votes(papers: Sequence[Paper]) -> Floats:
    """Popularity within the pool, 0 to 1, by the logarithm of the votes."""
    counts = [max(paper.votes or 0, 0) for paper in papers]
    top = log1p(max([*counts, weights.WELL_VOTED]))
    return np.array([log1p(count) / top for count in counts], dtype=np.float64)


def _trending(papers: Sequence[Paper]) -> Flags:
    """The few papers with the most votes, if these are more than a handful."""
    counts = np.array([paper.votes or 0 for paper in papers], dtype=np.int64)
    flags = np.zeros(len(papers), dtype=np.bool_)
    flags[np.argsort(-counts, kind="stable")[: weights.TRENDING_TOP]] = True
    return flags & (counts >= weights.TRENDING_VOTES)


def leading(votes: Floats, rise: Floats) -> list[int]:
    """The first by votes and their rise, as many as any empty profile chooses from."""
    popularity = weights.VOTES * votes + weights.RISING * rise
    first: list[int] = np.argsort(-popularity, kind="stable")[: weights.LEADERS].tolist()
    return first


def _rise(candidate: Candidate) -> float:
    """How steeply a rising paper's votes rose, 0 to 1; 0 for all others."""
    if candidate.change is not Change.RISING or candidate.votes_before is None:
        return 0.0
    grown = log1p(candidate.paper.votes or 0) - log1p(max(candidate.votes_before, 0))
    return min(max(grown / log(weights.STEEP), 0.0), 1.0)


def _twins(papers: Sequence[Paper], texts: Matrix) -> dict[int, frozenset[int]]:
    """For each paper that has any, the papers with nearly its text or with its very title."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for one, other in (*_same_title(papers), *_same_text(texts)):
        if one != other:
            found[one].add(other)
            found[other].add(one)
    return {at: frozenset(others) for at, others in found.items()}


def _same_title(papers: Sequence[Paper]) -> Iterable[tuple[int, int]]:
    first: dict[str, int] = {}
    for at, paper in enumerate(papers):
        if key := title_key(paper.title):
            yield first.setdefault(key, at), at


def _same_text(texts: Matrix) -> Iterable[tuple[int, int]]:
    """Pairs with nearly the same text. Only papers that share telling terms are compared: the
    cosines of all pairs of 3,000 papers would take seconds."""
    telling = _telling(texts)
    shared: Any = (telling @ telling.T.tocsr()).tocoo()
    likely = (shared.data >= weights.TELLING_SHARED) & (shared.row < shared.col)
    ones, others = shared.row[likely], shared.col[likely]
    cosines = texts[ones].multiply(texts[others]).sum(axis=1)
    near = cosines >= weights.SAME_TEXT
    return zip(ones[near].tolist(), others[near].tolist(), strict=True)


def _telling(texts: Matrix) -> Matrix:
    """The weightiest terms of each paper, each as 1."""
    rows = []
    for start, end in pairwise(texts.indptr.tolist()):
        heaviest = np.argsort(-texts.data[start:end], kind="stable")[: weights.TELLING_TERMS]
        rows.append(dict.fromkeys(texts.indices[start:end][heaviest].tolist(), 1.0))
    return matrix(rows, texts.shape[1])
