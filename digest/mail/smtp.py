"""SMTP: one message at a time over one kept connection, and exactly how far each came.

MAIL, RCPT and DATA go step by step, because the library raises the same error for a connection
lost before and after the final dot. Before the dot every failure may be tried again; after it
only the server knows. Source: RFC 5321, 4.2.1 (replies), 4.5.3.2 (patience), 3.8 (421); RFC 3463
(5.7 is policy); RFC 6531 (SMTPUTF8).
"""

import asyncio
import re
from contextlib import suppress
from types import TracebackType
from typing import Self

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPTimeoutError,
)
from aiosmtplib.email import parse_address

from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.mail.lane import Ended, Still, Take, Unreachable, one_by_one
from digest.mail.options import Options, Patience, Relay
from digest.mail.wire import Wire, refused, wire_form

_POLICY = re.compile(r"5\.7\.\d+\b")
# Not a word about the recipient: we speak wrongly, or are not logged in as we must.
_OUR_CODES = frozenset({500, 502, 503, 504, 530, 534, 535, 538})
_UNAVAILABLE = 421


class Smtp:
    """A transport to one relay. Concurrent callers wait for one another."""

    def __init__(self, relay: Relay, options: Options) -> None:
        self._relay = relay
        self._options = options
        self._client: SMTP | None = None
        self._wire: Wire | None = None
        self._handed = 0
        self._stale = False
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
        async with self._turn:
            try:
                return await self._hand_over(message)
            except BaseException:
                self._drop()
                raise

    async def drain(self, take: Take, ended: Ended, still: Still) -> None:
        """Transport.drain."""
        await one_by_one(self, take, ended, still)

    async def _hand_over(self, message: Message) -> Outcome:
        kept = await self._is_ready()
        outcome = await self._attempt(message)
        if kept and outcome.phase is Phase.CONNECT and self._client is None:
            # A connection that was kept may have died in between; nothing was said on a new one.
            outcome = await self._attempt(message)
        return outcome

    async def _attempt(self, message: Message) -> Outcome:
        failure = await self._connect()
        if failure is not None:
            return failure
        if not message.to.isascii() and not self._offers("smtputf8"):
            reply = f"unsupported: {self._relay} offers no SMTPUTF8, which this address needs"
            return Outcome(State.BOUNCED, reply)
        phase = Phase.CONNECT
        try:
            await self._mail(message)
            phase = Phase.MAIL
            await self._rcpt(message)
            phase = Phase.RCPT
        except SMTPResponseException as error:
            return self._refused(error.code, error.message, phase)
        except (SMTPException, OSError) as error:
            return self._lost(error, phase)
        except ValueError as error:
            self._stale = True
            ours = phase is Phase.CONNECT  # the sender's address, not the reader's
            state = State.DEFERRED if ours else State.BOUNCED
            return Outcome(state, f"unsupported: {error}", phase=phase, ours=ours)
        return await self._data(wire_form(message.data))

    async def _mail(self, message: Message) -> None:
        client = self._connected()
        options = [f"SIZE={len(message.data)}"] if self._offers("size") else []
        utf8 = not message.to.isascii()
        encoding = "utf-8" if utf8 else "ascii"
        options += ["SMTPUTF8"] if utf8 else []
        await client.mail(
            message.sender, options=options, encoding=encoding, timeout=self._patience.reply_s
        )

    async def _rcpt(self, message: Message) -> None:
        if parse_address(message.to) != message.to:  # it would mail to some other address
            raise ValueError("the address is none that a server could be told")
        encoding = "ascii" if message.to.isascii() else "utf-8"
        await self._connected().rcpt(message.to, encoding=encoding, timeout=self._patience.reply_s)

    async def _data(self, data: bytes) -> Outcome:
        wire, patience = self._wire, self._patience
        if wire is None:
            return Outcome(State.DEFERRED, "connection lost", phase=Phase.RCPT)
        phase = Phase.RCPT
        try:
            answer = await wire.ask_data(patience.reply_s)
            if refused(answer):
                return self._refused(answer.code, answer.message, phase)
            phase = Phase.DATA
            answer = await wire.send_data(data, patience.reply_s, patience.dot_s)
        except (SMTPException, OSError) as error:
            return self._in_doubt(error) if wire.dot_gone else self._lost(error, phase)
        phase = Phase.DOT if wire.dot_gone else Phase.DATA
        if answer.code // 100 != 2:
            return self._refused(answer.code, answer.message, phase)
        self._handed += 1
        return Outcome(State.SENT, answer.message, answer.code, Phase.DOT)

    async def _is_ready(self) -> bool:
        """Whether a kept connection can take the next message; hangs up one that is used up."""
        if self._client is None or not self._client.is_connected:
            self._drop()
            return False
        if self._handed >= self._options.per_connection:
            await self._hang_up()
            return False
        if self._stale:
            await self._reset()
        return self._client is not None

    async def _reset(self) -> None:
        try:
            await self._connected().rset(timeout=self._patience.reply_s)
            self._stale = False
        except (SMTPException, OSError):
            self._drop()

    async def _connect(self) -> Outcome | None:
        if self._client is not None:
            return None
        relay, options = self._relay, self._options
        client = SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.tls,
            start_tls=relay.starttls,
            username=relay.user or None,
            password=relay.password or None,
            local_hostname=options.helo,
            timeout=self._patience.connect_s,
            tls_context=options.tls,
        )
        try:
            await client.connect()
            await _greet(client)
            self._wire = Wire.take_over(client)
        except SMTPResponseException as error:
            client.close()
            reply = f"{relay}: {error.message}"
            return Unreachable(State.DEFERRED, reply, error.code, Phase.CONNECT, ours=True)
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            reply = f"{relay}: {error}"
            return Unreachable(State.DEFERRED, reply, None, Phase.CONNECT, ours=True)
        self._client, self._handed, self._stale = client, 0, False
        return None

    def _refused(self, code: int, reply: str, phase: Phase) -> Outcome:
        """The server said no: for now, for good, or to us rather than to the recipient."""
        self._stale = True
        if code == _UNAVAILABLE or not 400 <= code < 600 or phase is Phase.DATA:
            self._drop()
        ours = phase is Phase.CONNECT or code in _OUR_CODES or bool(_POLICY.match(reply))
        final = 500 <= code < 600 and not ours
        state = State.BOUNCED if final else State.DEFERRED
        return Outcome(state, reply, code if code > 0 else None, phase, ours)

    def _lost(self, error: Exception, phase: Phase) -> Outcome:
        self._drop()
        return Outcome(State.DEFERRED, _words(error), None, phase, ours=phase is Phase.CONNECT)

    def _in_doubt(self, error: Exception) -> Outcome:
        self._drop()
        return Outcome(
            State.IN_DOUBT, f"no answer after the final dot: {_words(error)}", None, Phase.DOT
        )

    async def _hang_up(self) -> None:
        client = self._client
        if client is not None and client.is_connected:
            with suppress(SMTPException, OSError):
                await client.quit(timeout=min(self._patience.reply_s, 5))
        self._drop()

    def _drop(self) -> None:
        client, self._client, self._wire = self._client, None, None
        if client is not None:
            client.close()

    def _offers(self, extension: str) -> bool:
        return self._client is not None and self._client.supports_extension(extension)

    def _connected(self) -> SMTP:
        if self._client is None:
            raise ConnectionError("not connected")
        return self._client

    @property
    def _patience(self) -> Patience:
        return self._options.patience


async def _greet(client: SMTP) -> None:
    """EHLO, or HELO for a server that knows no EHLO; a connection with TLS or AUTH has done so."""
    if not client.is_ehlo_or_helo_needed:
        return
    try:
        await client.ehlo()
    except SMTPHeloError as error:
        if error.code < 500 or not client.is_connected:  # 4xx: busy, not old
            raise
        await client.helo()


def _words(error: Exception) -> str:
    if isinstance(error, (SMTPTimeoutError, TimeoutError)):
        return "no answer in time"
    return str(error) or type(error).__name__
