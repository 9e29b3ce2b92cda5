"""Fakes that keep the contract tests of the real thing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.mail.lane import Ended, Still, Take, one_by_one

SENT = Outcome(State.SENT, "250 2.0.0 taken", 250, Phase.DOT)


@dataclass
class Outbox:
    """A transport that takes everything; `told` hears each message as it is taken."""

    messages: list[Message] = field(default_factory=list)
    told: Callable[[Message], None] = lambda _message: None
    down: bool = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def hand_over(self, message: Message) -> Outcome:
        if self.down:
            return Outcome(State.DEFERRED, "connection refused", phase=Phase.CONNECT, ours=True)
        self.messages.append(message)
        self.told(message)
        return SENT

    async def drain(self, take: Take, ended: Ended, still: Still) -> None:
        await one_by_one(_Steps(self), take, ended, still)


@dataclass
class _Steps:
    """The outbox without its drain, which is made of these steps."""

    outbox: Outbox

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def hand_over(self, message: Message) -> Outcome:
        return await self.outbox.hand_over(message)
