"""Fields: how far papers stand under the same headings of a catalogue, as arXiv's categories.

Two papers of one field are more alike than their words say. A paper whose fields nobody knows is
as near to all papers as others are on the whole: it neither gains nor loses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.pool import Flags, Floats, Pool
from digest.core.ranking.sparse import Matrix, matrix, product
from digest.core.ranking.text import fold

_FIELDS = "fields"  # under which a pool keeps its own
_PAGES = "fields of the history"


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """The columns of the folded fields, the papers of a pool under them (fields x papers, columns
    of length 1; dense, for what it is multiplied with leaves hardly a 0), and which papers are
    under none."""

    columns: Mapping[str, int]
    across: Floats
    unknown: Flags

    def rows(self, filed: Sequence[Sequence[str]]) -> Matrix:
        """Papers as rows of length 1; of fields that no paper of the pool has, nothing is kept."""
        return matrix([_row(self.columns, one) for one in filed], len(self.columns))

    def together(self, rows: Matrix, known: Floats) -> Floats:
        """The cosines of rows with each paper of the pool. `known` is the share of each row whose
        fields are known; the rest is as near to all papers as others are on the whole."""
        found = product(rows, self.across) + (weights.UNKNOWN_FIELD * (1 - known))[:, None]
        found[:, self.unknown] = weights.UNKNOWN_FIELD
        return found


def fields(pool: Pool) -> Fields:
    """The fields of a pool; worked out once."""
    if _FIELDS not in pool.kept:
        pool.kept[_FIELDS] = _fields(pool)
    found: Fields = pool.kept[_FIELDS]
    return found


def raised(pool: Pool, filed: Sequence[Sequence[str]]) -> Floats:
    """By what the likeness of papers (their fields) to each of the pool's is multiplied: above 1
    for those of their field, below for others, 1 where fields are unknown."""
    own = fields(pool)
    known = np.array([1.0 if one else 0.0 for one in filed])
    return _times(weights.SAME_FIELD, own.together(own.rows(filed), known))


def meant_raise(pool: Pool, shares: Matrix) -> Floats:
    """The same for lines that mean papers of the history: by their shares of these."""
    latent = pool.vocabulary.latent
    own = fields(pool)
    if latent is None or not any(latent.filed):
        return np.ones((shares.shape[0], len(pool)))
    known = np.array([1.0 if one else 0.0 for one in latent.filed])
    return _times(
        weights.FIELD_MEANT, own.together(shares @ _pages(pool, own), product(shares, known))
    )


def _times(much: float, cosines: Floats) -> Floats:
    times: Floats = (1 + much * cosines) / (1 + much * weights.UNKNOWN_FIELD)
    return times


def _pages(pool: Pool, own: Fields) -> Matrix:
    latent = pool.vocabulary.latent
    if _PAGES not in pool.kept:
        filed = latent.filed if latent else ()
        pool.kept[_PAGES] = own.rows(filed)
    return pool.kept[_PAGES]


def _fields(pool: Pool) -> Fields:
    filed = [one.paper.categories for one in pool.candidates]
    columns = {one: at for at, one in enumerate(sorted({fold(c) for own in filed for c in own}))}
    rows = matrix([_row(columns, one) for one in filed], len(columns))
    return Fields(
        columns,
        np.ascontiguousarray(rows.toarray().T),
        np.array([not one for one in filed], dtype=np.bool_),
    )


def _row(columns: Mapping[str, int], filed: Sequence[str]) -> dict[int, float]:
    every = {*map(fold, filed)}
    return {columns[one]: len(every) ** -0.5 for one in sorted(every) if one in columns}
