"""Pacer: one request at a time to a host family, so many seconds apart."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Lane:
    """All hosts that share one pace: `free_at` is when the next request may start."""

    gap_s: float
    free_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Pacer:
    """Gives out turns. Times are of the monotonic `clock`, in seconds.

    The gap runs from the end of one request to the start of the next: at the server too, then,
    no two are nearer than that, however the network delays them.
    """

    def __init__(
        self,
        pace: Mapping[str, float],
        default_s: float,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._pace = pace
        self._default_s = default_s
        self._clock = clock
        self._sleep = sleep
        self._lanes: dict[str, _Lane] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for the host's turn and hold it: nobody else asks that host meanwhile."""
        lane = self._lane(host)
        async with lane.lock:
            if (wait_s := lane.free_at - self._clock()) > 0:
                await self._sleep(wait_s)
            try:
                yield
            finally:
                self.hold(host, lane.gap_s)

    def hold(self, host: str, seconds: float) -> None:
        """Give no turn for `host`, or any host that shares its pace, for so long."""
        lane = self._lane(host)
        lane.free_at = max(lane.free_at, self._clock() + seconds)

    def _lane(self, host: str) -> _Lane:
        name = family(host, self._pace)
        return self._lanes.setdefault(name, _Lane(self._pace.get(name, self._default_s)))


def family(host: str, pace: Mapping[str, float]) -> str:
    """The longest suffix in `pace` that `host` is or stands under; else the host itself."""
    bare = host.lower().rstrip(".")
    suffixes = [name for name in pace if bare == name or bare.endswith(f".{name}")]
    return max(suffixes, key=len, default=bare)
