"""Trial: the ranking with other weights than the table's, to see what they would do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from digest.core.ranking import weights
from digest.core.ranking.vocabulary import mass

# They stand in what was learnt from the history, and are asked for only then.
_LEARNT = frozenset({"COMMON", "LENS"})
NAMES = tuple(name for name in vars(weights) if name.isupper() and name not in _LEARNT)


@contextmanager
def weighed(changes: Mapping[str, float]) -> Iterator[None]:
    """Rank with some weights changed until the block ends; for a whole process, so for no other
    than a command that does nothing else. ValueError for what is no weight, or no number for it.

    Pools, vocabularies and sketches hold what the weights made of them: make new ones inside.
    """
    before = {name: getattr(weights, name) for name in map(_checked, changes)}
    try:
        for name, value in changes.items():
            setattr(weights, name, _number(name, value))
        mass.cache_clear()
        yield
    finally:
        for name, value in before.items():
            setattr(weights, name, value)
        mass.cache_clear()


def _checked(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"{name} is no weight of the ranking; the weights are {', '.join(NAMES)}")
    return name


def _number(name: str, value: float) -> float:
    whole = isinstance(getattr(weights, name), int)
    right = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, right) or not 0 <= value < 1e6:
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{name} = {value!r}: {kind} from 0 to a million is wanted")
    return value
