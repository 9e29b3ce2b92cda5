"""A session: one connection to a relay, and exactly how far each message came over it.

Where the server offers PIPELINING, an envelope (MAIL, RCPT, DATA) is one write, and the next
message's goes out in the same write as this one's content: a message costs one round trip. Before
the final dot every failure may be tried again; after it only the server knows. Source: RFC 5321,
4.2.1 (replies), 3.8 (421); RFC 2920, 3.1; RFC 3463 (5.7 is policy).
"""

import asyncio
import re

from digest.core.delivery import Outcome, Phase, State
from digest.mail.envelope import Envelope, Offers
from digest.mail.wire import Lost, Reply, Wire

_POLICY = re.compile(r"5\.7\.\d+\b")
# Not a word about the recipient: we speak wrongly, or are not logged in as we must.
_OUR_CODES = frozenset({500, 502, 503, 504, 530, 534, 535, 538})
_UNAVAILABLE, _OUT_OF_ORDER, _GO_AHEAD = 421, 503, 354
_QUIT_S = 5.0
_RSET, _DATA, _DOT = b"RSET\r\n", b"DATA\r\n", b".\r\n"


class Session:
    """A greeted connection; `handed` counts the messages that it took."""

    def __init__(self, wire: Wire, offers: Offers, *, pipelines: bool) -> None:
        self._wire = wire
        self.offers = offers
        self.pipelines = pipelines and offers.pipelining
        self.handed = 0
        self._begun: Envelope | None = None  # written ahead, its replies are still to come
        self._stale = False  # the server may hold a part of an envelope
        self._answered = True

    @property
    def is_open(self) -> bool:
        """Whether the next message can go over it."""
        return self._wire.is_open

    @property
    def in_doubt(self) -> bool:
        """Whether a whole message has left and its reply has not come."""
        return not self._answered and self._wire.dot_gone

    async def agree(self, envelope: Envelope) -> Outcome | None:
        """Tell the envelope, unless it was begun; None: the server waits for the content.

        When this returns every reply that is owed has come, or the connection is dropped.
        """
        phase, refusal = Phase.CONNECT, None
        try:
            steps = self._steps(envelope)
            for command, phase in steps:
                if not self.pipelines:
                    self._wire.send(command)
                reply = await self._wire.reply()
                if refusal is not None:
                    await self._settle(reply, command)
                elif not _agrees(reply, command):
                    refusal = self._refused(reply, phase)
                    if command is _RSET:
                        self.drop()
                    if not self.pipelines or not self.is_open:
                        break
        except Lost as error:
            return refusal or self._lost(error, phase)
        return refusal

    def _steps(self, envelope: Envelope) -> list[tuple[bytes, Phase]]:
        """The commands to hear of, each with the phase that is finished before it; written in one
        group where the server takes that."""
        steps = [
            (envelope.mail, Phase.CONNECT),
            (envelope.rcpt, Phase.MAIL),
            (_DATA, Phase.RCPT),
        ]
        begun, self._begun = self._begun, None
        if begun is envelope:
            return steps
        if self._stale:
            steps.insert(0, (_RSET, Phase.CONNECT))
            self._stale = False
        if self.pipelines:
            self._wire.send(b"".join([command for command, _ in steps]), len(steps))
        return steps

    async def _settle(self, reply: Reply, command: bytes) -> None:
        """Hear what else a refused group is answered; DATA that was allowed is ended at once.

        RFC 2920, 3.1: a server may allow it even where it refused every recipient.
        """
        if command is _DATA and reply.code == _GO_AHEAD:
            self._wire.send(_DOT)
            reply = await self._wire.reply()
        if reply.code == _UNAVAILABLE or reply.code < 0:
            self.drop()

    async def content(self, data: bytes, following: Envelope | None = None) -> Outcome:
        """Write the message that was agreed on, and in the same write the envelope that follows."""
        behind = b"".join((following.mail, following.rcpt, _DATA)) if following else b""
        self._begun, self._answered = following, False
        try:
            self._wire.send_content(data, behind, 3 if following else 0)
            reply = await self._wire.dot_reply()
        except Lost as error:
            if self._wire.dot_gone:
                return self._doubt(str(error))
            return self._lost(error, Phase.DATA)
        self._answered = True
        if not self._wire.dot_gone:
            return self._early(reply)
        if reply.code // 100 == 2:
            self.handed += 1
            return Outcome(State.SENT, reply.text, reply.code, Phase.DOT)
        if not 400 <= reply.code < 600:
            return self._doubt(reply.text, reply.code if reply.code > 0 else None)
        outcome = self._refused(reply, Phase.DOT)
        self._stale = following is None
        return outcome

    async def quit(self) -> None:
        """Say goodbye, and hear it for a few seconds; then close."""
        if self.is_open and not self._wire.is_owed:
            try:
                self._wire.send(b"QUIT\r\n")
                async with asyncio.timeout(_QUIT_S):
                    await self._wire.reply()
            except (Lost, TimeoutError):
                pass  # it goes either way
        self.drop()

    def drop(self) -> None:
        """Close at once; a message whose final dot has not left is none to the server."""
        self._wire.drop()

    def _early(self, reply: Reply) -> Outcome:
        """An answer before the dot had left: whatever it says, the server has no whole message."""
        self.drop()
        if 400 <= reply.code < 600:
            return self._refused(reply, Phase.DATA)
        words = f"answered before the end of the message: {reply.text}"
        return Outcome(State.DEFERRED, words, None, Phase.DATA)

    def _refused(self, reply: Reply, phase: Phase) -> Outcome:
        """The server said no: for now, for good, or to us rather than to the recipient."""
        code, text = reply.code, reply.text
        self._stale = True
        out_of_order = phase is Phase.CONNECT and code == _OUT_OF_ORDER
        if code == _UNAVAILABLE or not 400 <= code < 600 or out_of_order:
            self.drop()
        ours = phase is Phase.CONNECT or code in _OUR_CODES or bool(_POLICY.match(text))
        final = 500 <= code < 600 and not ours
        state = State.BOUNCED if final else State.DEFERRED
        return Outcome(state, text or str(code), code if code > 0 else None, phase, ours)

    def _lost(self, error: Lost, phase: Phase) -> Outcome:
        self.drop()
        return Outcome(State.DEFERRED, str(error), None, phase, ours=phase is Phase.CONNECT)

    def _doubt(self, why: str, code: int | None = None) -> Outcome:
        self.drop()
        return Outcome(State.IN_DOUBT, f"no answer after the final dot: {why}", code, Phase.DOT)


def _agrees(reply: Reply, command: bytes) -> bool:
    """Whether the server goes along; to DATA that is one code only."""
    return reply.code == _GO_AHEAD if command is _DATA else reply.code // 100 == 2
