"""A lane: one way out for messages, one after the other; and the lanes that lead to one relay."""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message

IDLE_S = 30.0

Take = Callable[[], Message | None]
Ended = Callable[[Message, Outcome], None]
Still = Callable[[Message], bool]


class HandsOver(Protocol):
    """Hands over one by one; an `async with` opens and closes it, and may do so again."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def hand_over(self, message: Message) -> Outcome:
        """Give one message away and say what became of it; never raises for what a server,
        network or disk does."""


class Transport(HandsOver, Protocol):
    """One lane: one connection, or a Maildir."""

    async def drain(self, take: Take, ended: Ended, still: Still) -> None:
        """Hand over what `take` gives until it gives None; `ended` hears each outcome at once, in
        the order taken.

        `still` is asked before anything of a message is written, and again before its content;
        what it denies ends as PLANNED, "handed back". So does a message taken ahead when an outcome
        that is `ours` ends the drain. Returns when all that was taken has ended.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """The ways to one relay: `make` gives one, at most `connections` are open at once.

    `weight` is the relay's share of what is sent, `rate` the messages a second it may be given
    (None: any), which is for the sender to keep; a connection without work is closed after
    `idle_s` seconds.
    """

    name: str
    make: Callable[[], Transport]
    connections: int = 1
    weight: int = 1
    rate: float | None = None
    idle_s: float = IDLE_S


class Unreachable(Outcome):
    """The outcome where a relay took no connection of ours: no word was said of the message."""

    __slots__ = ()


def handed_back(phase: Phase = Phase.CONNECT) -> Outcome:
    """What becomes of a message that was taken, and then not to be sent."""
    return Outcome(State.PLANNED, "handed back", phase=phase)


async def drain(lane: HandsOver, take: Take, ended: Ended, still: Still) -> None:
    """Drain through `lane`, also where all it can is hand over one by one."""
    own = getattr(lane, "drain", None)
    if own is not None:
        await own(take, ended, still)
    else:
        await one_by_one(lane, take, ended, still)


async def one_by_one(lane: HandsOver, take: Take, ended: Ended, still: Still) -> None:
    """Transport.drain for a lane that takes nothing ahead."""
    while (message := take()) is not None:
        outcome = await lane.hand_over(message) if still(message) else handed_back()
        ended(message, outcome)
        if outcome.ours:
            return
