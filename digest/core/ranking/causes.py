"""Causes: everything in the profiles of a shard that can raise a paper, a row each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

import numpy as np

from digest.core.edition import ReasonKind
from digest.core.ranking.pool import Places
from digest.core.ranking.reader import Model

# In the rows' order: all interests of the shard, then all keywords, and so on.
KINDS = (
    ReasonKind.INTEREST,
    ReasonKind.KEYWORD,
    ReasonKind.LIKED,
    ReasonKind.AUTHOR,
    ReasonKind.CATEGORY,
)
INTEREST, KEYWORD, LIKED, AUTHOR, CATEGORY = range(len(KINDS))


@dataclass(frozen=True, slots=True, eq=False)
class Causes:
    """What was typed, liked or named, by its kind, and whose it is: the reader's place in the
    shard, row by row. Rows of a kind begin at its place in `starts` and end at the next."""

    readers: int
    of_kind: Sequence[Sequence[Any]]
    owners: Places
    starts: Sequence[int]

    def rows(self, kind: int) -> slice:
        return slice(self.starts[kind], self.starts[kind + 1])

    def by_owner(self, kinds: int = len(KINDS)) -> tuple[Places, Places]:
        """The rows of the first so many kinds in the readers' order, and where each reader's end:
        they begin where those of the reader before end, in the order of kinds."""
        owners = self.owners[: self.starts[kinds]]
        counts = np.bincount(owners, minlength=self.readers)
        return np.argsort(owners, kind="stable"), np.concatenate(([0], np.cumsum(counts)))

    def by_count(self, kind: int) -> Iterator[tuple[Places, Places]]:
        """Readers with equally many causes of a kind, and these among the kind's rows
        (readers x causes): what is then done for each reader can be done for all at once."""
        counts = np.bincount(self.owners[self.rows(kind)], minlength=self.readers)
        firsts = np.cumsum(counts) - counts
        for count in np.unique(counts[counts > 0]).tolist():
            readers = np.flatnonzero(counts == count)
            yield readers, firsts[readers, None] + np.arange(count)


def causes_of(models: Sequence[Model], *fields: str) -> Causes:
    """The causes of each profile: the fields that hold them, or some of these."""
    listed = [[getattr(model, field) for model in models] for field in fields]
    everyone = np.arange(len(models))
    owners = [np.repeat(everyone, [*map(len, lists)]) for lists in listed]
    return Causes(
        readers=len(models),
        of_kind=[[*chain.from_iterable(lists)] for lists in listed],
        owners=np.concatenate(owners),
        starts=[*accumulate(map(len, owners), initial=0)],
    )


def ranges(firsts: Places, counts: Places) -> Places:
    """From each first so many numbers, all in one row."""
    before = np.cumsum(counts) - counts
    numbers: Places = np.repeat(firsts - before, counts) + np.arange(counts.sum())
    return numbers
