"""SMTP: a lane over one kept connection to a relay; a queue is drained as fast as it answers."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.mail.envelope import Envelope, Offers, Unsendable, envelope
from digest.mail.greeting import greet
from digest.mail.lane import Ended, Still, Take, Unreachable, handed_back
from digest.mail.options import Options, Relay
from digest.mail.session import Session
from digest.mail.wireform import wire_form

_BEFORE_CONTENT = (Phase.MAIL, Phase.RCPT)


class Smtp:
    """A transport to one relay. Concurrent callers wait for one another."""

    def __init__(self, relay: Relay, options: Options) -> None:
        self.relay = relay
        self._options = options
        self._session: Session | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._hang_up()

    async def hand_over(self, message: Message) -> Outcome:
        """Give one message to the relay; whatever the relay does comes back as the Outcome."""
        found: list[Outcome] = []
        one = [message]
        await self.drain(
            lambda: one.pop() if one else None,
            lambda _, outcome: found.append(outcome),
            lambda _: True,
        )
        return found[0]

    async def ask(self) -> Offers | Unreachable:
        """What the relay offers once it has greeted us, secured and logged in; nothing is sent."""
        async with self._turn:
            greeted = await greet(self.relay, self._options)
            if not isinstance(greeted, Session):
                return greeted
            await greeted.quit()
            return greeted.offers

    async def drain(self, take: Take, ended: Ended, still: Still) -> None:
        """Transport.drain. Where it is cancelled, what was taken ends too: in doubt if its final
        dot has left, else handed back."""
        async with self._turn:
            work = _Work(take, ended, still)
            try:
                await self._drain(work)
            except BaseException:
                in_doubt = self._session is not None and self._session.in_doubt
                self._drop()
                work.stop(in_doubt)
                raise

    async def _drain(self, work: "_Work") -> None:
        while (message := work.next()) is not None:
            outcome = await self._hand_over(message, work)
            if self._session is not None and not self._session.is_open:
                self._drop()
            work.end(outcome)
            if outcome.ours:
                if work.told_ahead is not None:
                    self._drop()  # the server may wait for its content
                work.stop()
                return

    async def _hand_over(self, message: Message, work: "_Work") -> Outcome:
        kept, told = await self._is_ready(work.told), work.told is not None
        outcome = await self._attempt(message, work)
        lost = outcome.state is State.DEFERRED and not self._is_open()
        unasked = outcome.phase is Phase.CONNECT or (told and outcome.phase in _BEFORE_CONTENT)
        if kept and lost and unasked:
            # A kept connection may have died in between: nothing was said on a new one.
            self._drop()
            outcome = await self._attempt(message, work)
        return outcome

    async def _attempt(self, message: Message, work: "_Work") -> Outcome:
        """One attempt, over the session that there is or a new one."""
        if not work.still(message):
            if work.told is not None:
                self._drop()
            return handed_back()
        if self._session is None:
            greeted = await greet(self.relay, self._options)
            if not isinstance(greeted, Session):
                return greeted
            self._session, work.told = greeted, None
        session = self._session
        try:
            told = work.told or envelope(message, session.offers)
        except Unsendable as error:
            state = State.DEFERRED if error.ours else State.BOUNCED
            return Outcome(state, str(error), ours=error.ours)
        refusal = await session.agree(told)
        if refusal is not None:
            return refusal
        if not work.still(message):
            session.drop()  # without the final dot the server has no message
            return handed_back(Phase.DATA)
        data = message.data if message.is_wired else wire_form(message.data)
        last = session.handed + 1 >= self._options.per_connection
        return await session.content(data, None if last else work.look_ahead(session))

    async def _is_ready(self, told: Envelope | None) -> bool:
        """Whether there is a connection that can take the next message; says goodbye to one that
        is used up. One that was `told` the envelope ahead is."""
        session = self._session
        if session is None or told is not None:
            return session is not None
        if session.is_open and session.handed < self._options.per_connection:
            return True
        await self._hang_up()
        return False

    def _is_open(self) -> bool:
        return self._session is not None and self._session.is_open

    async def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.quit()

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.drop()


class _Work:
    """What one drain has in hand: the message at work, the one taken ahead, and for each the
    envelope that was told ahead."""

    def __init__(self, take: Take, ended: Ended, still: Still) -> None:
        self._take, self._ended, self.still = take, ended, still
        self._current: Message | None = None
        self._ahead: Message | None = None
        self._is_deaf = False
        self.told: Envelope | None = None
        self.told_ahead: Envelope | None = None

    def next(self) -> Message | None:
        """The message to work at now."""
        self._current, self._ahead = self._ahead or self._take(), None
        self.told, self.told_ahead = self.told_ahead, None
        return self._current

    def look_ahead(self, session: Session) -> Envelope | None:
        """Take one more message where its envelope may go out with this one's content."""
        if not session.pipelines:
            return None
        self._ahead = self._take()
        if self._ahead is not None and self.still(self._ahead):
            with suppress(Unsendable):
                self.told_ahead = envelope(self._ahead, session.offers)
        return self.told_ahead

    def end(self, outcome: Outcome) -> None:
        """Tell what became of the message at work."""
        message, self._current = self._current, None
        if message is not None:
            self._is_deaf = True  # until it has heard: who raises is told no more
            self._ended(message, outcome)
            self._is_deaf = False

    def stop(self, in_doubt: bool = False) -> None:
        """End what is in hand, and take no more."""
        doubt = Outcome(State.IN_DOUBT, "stopped before the answer came", phase=Phase.DOT)
        current, ahead = self._current, self._ahead
        self._current = self._ahead = None
        if current is not None and not self._is_deaf:
            self._ended(current, doubt if in_doubt else handed_back())
        if ahead is not None and not self._is_deaf:
            self._ended(ahead, handed_back())
