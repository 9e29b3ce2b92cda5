"""The one place that touches scipy, which has no types of its own.

A product of two such matrices adds each row's numbers in that row's own order, whatever the
other rows are: a reader's scores do not depend on who else is in the shard. (A dense product
has no such promise.)
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

Matrix: TypeAlias = Any  # scipy.sparse.csr_array of float64


def matrix(rows: Iterable[Mapping[int, float]], width: int) -> Matrix:
    """One row per mapping of columns to numbers."""
    data: list[float] = []
    indices: list[int] = []
    ends = [0]
    for row in rows:
        indices.extend(row)
        data.extend(row.values())
        ends.append(len(data))
    return csr(np.array(data, np.float64), np.array(indices), np.array(ends), width)


def csr(
    data: NDArray[np.float64], columns: NDArray[np.int64], ends: NDArray[np.int64], width: int
) -> Matrix:
    """Rows of numbers in their columns, no column twice in a row; a row begins at its place in
    `ends` and ends at the next."""
    # Sorting is done in place: the numbers are the caller's, who may look at them again.
    arrays = (data.copy(), columns.astype(np.int32), ends.astype(np.int32))
    built = sparse.csr_array(arrays, shape=(len(ends) - 1, width))
    built.sort_indices()
    return built


def rows_of(rows: Iterable[Mapping[str, float]], columns: Mapping[str, int]) -> Matrix:
    """One row per mapping of terms to numbers; terms without a column are left out."""
    known = (
        {columns[term]: number for term, number in row.items() if term in columns} for row in rows
    )
    return matrix(known, len(columns))


def unit(counts: Matrix, rarity: NDArray[np.float64]) -> Matrix:
    """Counts of terms as weights by count and rarity, each row scaled to length 1."""
    data = (1 + np.log(counts.data)) * rarity[counts.indices]
    weighed = sparse.csr_array((data, counts.indices, counts.indptr), shape=counts.shape)
    lengths = np.sqrt(weighed.multiply(weighed).sum(axis=1))
    weighed.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(counts.indptr))
    return weighed


def saturated(
    counts: Matrix, masses: NDArray[np.float64], saturation: float, by_length: float
) -> Matrix:
    """Counts of terms as Okapi BM25 weighs them: at most a term's mass, less in long rows."""
    sizes = counts.sum(axis=1)
    mean = sizes.mean() if sizes.any() else 1.0
    fixed = saturation * (1 - by_length + by_length * sizes / mean)
    times = counts.data
    data = masses[counts.indices] * times / (times + np.repeat(fixed, np.diff(counts.indptr)))
    return sparse.csr_array((data, counts.indices, counts.indptr), shape=counts.shape)


def sums(
    rows: NDArray[np.float64], which: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sums of chosen rows, added one after the other in the order of `which`, so that each sum is
    the same whatever the others are."""
    shape = (len(ends) - 1, len(rows))
    ones = sparse.csr_array((np.ones(len(which)), which, ends), shape=shape)
    found: NDArray[np.float64] = ones @ rows
    return found


def product(left: Matrix, right: Matrix) -> NDArray[np.float64]:
    """left x right, dense; the right may be dense itself."""
    found: Matrix = left @ right
    dense: NDArray[np.float64] = found if isinstance(found, np.ndarray) else found.toarray()
    return dense
