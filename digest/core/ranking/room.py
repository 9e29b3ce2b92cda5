"""Room: the free places of one reader's mail."""

from collections.abc import Collection, Iterable
from itertools import islice

from digest.core.ranking.pool import Pool


class Room:
    """The places that are free in a reader's mail, and the papers that cannot take one."""

    def __init__(self, pool: Pool, places: int, barred: Collection[int]) -> None:
        self.twins = pool.twins
        self.places = places
        self.gone = set(barred)

    def fill(self, papers: Iterable[int], most: int = 30) -> list[int]:
        """Take the first of the papers that can, at most so many and as long as places are
        free. (No mail holds more than 30.)"""
        taken: list[int] = []
        most = min(most, self.places)
        for at in papers if most else ():
            if at not in self.gone:
                taken.append(at)
                self.gone.add(at)
                if at in self.twins:
                    self.gone |= self.twins[at]
                if len(taken) == most:
                    break
        self.places -= len(taken)
        return taken

    def keep(self, papers: Iterable[int], most: int) -> int:
        """Hold places for some of the papers that can take one, at most so many; how many."""
        free = sum(1 for _ in islice((at for at in papers if at not in self.gone), most))
        held = min(free, self.places)
        self.places -= held
        return held
