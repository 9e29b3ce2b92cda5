"""chunks: a long list in parts that one SQL statement can take."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

# Below the 999 variables of an old SQLite.
IN_LIMIT = 900


def chunks(values: Iterable[T], size: int = IN_LIMIT) -> Iterator[tuple[T, ...]]:
    """The values in order, `size` at a time; itertools.batched of Python 3.12."""
    source = iter(values)
    while part := tuple(islice(source, size)):
        yield part
