import asyncio
from collections.abc import Awaitable, Callable

import pytest

from digest.fetch.pacing import Pacer, family


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def starts_of(work: Callable[[Pacer, Clock, list[float]], Awaitable[object]]) -> list[float]:
    async def run() -> list[float]:
        clock = Clock()
        starts: list[float] = []
        pacer = Pacer({"arxiv.org": 3.0}, 0.5, clock=clock, sleep=clock.sleep)
        await work(pacer, clock, starts)
        return [start - 1000.0 for start in starts]

    return asyncio.run(run())


def test_all_hosts_of_arxiv_share_one_turn_every_three_seconds() -> None:
    async def ask(pacer: Pacer, clock: Clock, starts: list[float]) -> None:
        async def one(host: str) -> None:
            async with pacer.turn(host):
                starts.append(clock())
                await clock.sleep(2)

        hosts = ("export.arxiv.org", "rss.arxiv.org", "arxiv.org", "EXPORT.arxiv.org.")
        await asyncio.gather(*map(one, hosts))

    assert starts_of(ask) == [0, 5, 10, 15]


def test_a_failed_request_counts_as_one_too() -> None:
    async def ask(pacer: Pacer, clock: Clock, starts: list[float]) -> None:
        for _ in range(2):
            with pytest.raises(OSError, match="cut"):
                async with pacer.turn("arxiv.org"):
                    starts.append(clock())
                    raise OSError("cut")

    assert starts_of(ask) == [0, 3]


def test_hosts_of_other_families_do_not_wait_for_it() -> None:
    async def ask(pacer: Pacer, clock: Clock, starts: list[float]) -> None:
        for host in ("arxiv.org", "huggingface.co", "notarxiv.org", "huggingface.co"):
            async with pacer.turn(host):
                starts.append(clock())

    assert starts_of(ask) == [0, 0, 0, 0.5]


def test_a_held_family_waits_and_a_shorter_hold_does_not_shorten_it() -> None:
    async def ask(pacer: Pacer, clock: Clock, starts: list[float]) -> None:
        pacer.hold("rss.arxiv.org", 40)
        pacer.hold("arxiv.org", 1)
        async with pacer.turn("export.arxiv.org"):
            starts.append(clock())

    assert starts_of(ask) == [40]


def test_the_longest_suffix_decides() -> None:
    pace = {"org": 1.0, "arxiv.org": 3.0}
    assert family("export.arxiv.org", pace) == "arxiv.org"
    assert family("biorxiv.org", pace) == "org"
    assert family("127.0.0.1", pace) == "127.0.0.1"
