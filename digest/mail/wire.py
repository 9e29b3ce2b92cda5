"""The wire: commands out, replies in, in order; exact about what left this machine.

aiosmtplib opens the connection; then a Wire takes its place, because the library waits for each
reply by itself, reads each message with two regular expressions, and cannot say whether the final
dot went out. After the dot has left, only the server knows whether it has the message; before,
trying again is safe. Source: RFC 5321, 4.1.1.4 and 6.1; RFC 1047; RFC 2920.
"""

import asyncio
from collections import deque
from typing import NamedTuple, cast

from aiosmtplib import SMTP, SMTPServerDisconnected

from digest.mail.options import Patience
from digest.mail.wording import clean

_DOT = b".\r\n"
_USUAL = {b"250 ": 250, b"354 ": 354}
_AFTER_CODE = (b" ", b"\r", b"")
_LONGEST_REPLY = 65_536
_LONGEST_TEXT = 1_000
_TLS_SLACK = 1_024  # octets that encryption may add to a written envelope, at most


class Reply(NamedTuple):
    """A server's answer: its code, -1 where it has none; its lines as they came."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """The words of all lines on one line, at most 1,000 characters."""
        words = b" ".join([line[4:].strip() for line in self.lines])
        return clean(words.decode(errors="replace"), _LONGEST_TEXT)


def _code(line: bytes) -> int:
    """The code that the last line of a reply begins with, -1 if it is no such line."""
    code = line[:3]
    return int(code) if len(code) == 3 and code.isdigit() and line[3:4] in _AFTER_CODE else -1


class Lost(Exception):
    """The connection is gone, or the server took too long; the message is one line."""


class Wire(asyncio.Protocol):
    """A connected server at rest. Replies come in the order of the commands that owe them.

    `dot_gone` says whether the whole of the last content was handed to the kernel; through TLS it
    may say so early, never late.
    """

    def __init__(self, transport: asyncio.Transport, patience: Patience) -> None:
        self._transport, self._patience = transport, patience
        self._loop = asyncio.get_running_loop()
        self._slack = _TLS_SLACK if transport.get_extra_info("sslcontext") else 0
        self._rest = b""
        self._lines: list[bytes] = []
        self._replies: deque[Reply] = deque()
        self._owed = 0
        self._waiter: asyncio.Future[None] | None = None
        self._waits_for_dot = False
        self._deadline = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._lost: str | None = None
        self._spoilt = False
        self.dot_gone = False

    @classmethod
    def take_over(cls, client: SMTP, patience: Patience) -> "Wire":
        """Put a Wire in the place of the protocol of a connected client at rest."""
        if client.transport is None or client.protocol is None or not client.is_connected:
            raise SMTPServerDisconnected("Connection lost")
        transport = cast(asyncio.Transport, client.transport)
        wire = cls(transport, patience)
        transport.set_protocol(wire)
        return wire

    @property
    def is_open(self) -> bool:
        """Whether more can be said; also False once the server spoke out of turn."""
        return self._lost is None and not self._spoilt and not self._transport.is_closing()

    @property
    def is_owed(self) -> bool:
        """Whether replies are still to come."""
        return self._owed > 0

    def send(self, commands: bytes, replies: int = 1) -> None:
        """Write commands that are answered by so many replies; Lost if there is no connection."""
        self._check()
        self._owed += replies
        self._transport.write(commands)

    def send_content(self, data: bytes, behind: bytes = b"", replies: int = 0) -> None:
        """Write a message and its final dot, and in the same write the commands `behind` it."""
        self._check()
        self._owed += 1 + replies
        self.dot_gone = False
        self._transport.writelines((data, _DOT + behind))
        if self._transport.is_closing():
            return  # the write itself failed: nothing of it was taken
        left, fine = self._transport.get_write_buffer_size(), max(len(behind), 1) + self._slack
        if left <= fine:
            self.dot_gone = True
        else:  # resume_writing is called once no more than what is behind the dot is left
            self._transport.set_write_buffer_limits(high=fine, low=fine)

    async def reply(self) -> Reply:
        """The next reply; Lost if none can come, or none came in time."""
        return self._replies.popleft() if self._replies else await self._next(False)

    async def dot_reply(self) -> Reply:
        """The reply to the final dot, for which a server has longer."""
        return self._replies.popleft() if self._replies else await self._next(True)

    def drop(self) -> None:
        """Close at once; what the kernel was not given never leaves."""
        self._end("connection closed")
        self._transport.abort()

    async def _next(self, dot: bool) -> Reply:
        self._check()
        self._waits_for_dot = dot
        self._await_for(self._patience.dot_s if dot and self.dot_gone else self._patience.reply_s)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        if not self._replies:
            self._check()
        return self._replies.popleft()

    def _check(self) -> None:
        if self._lost is not None:
            raise Lost(self._lost)

    def _await_for(self, seconds: float) -> None:
        """Set the deadline. One alarm serves many waits: one that rings early is set again."""
        self._deadline = self._loop.time() + seconds
        if self._alarm is not None:
            if self._alarm.when() <= self._deadline:
                return
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._waiter is None or self._lost is not None:
            return
        if self._loop.time() < self._deadline:
            self._alarm = self._loop.call_at(self._deadline, self._ring)
        else:
            self._end("no answer in time")

    def _end(self, why: str) -> None:
        if self._lost is None:
            self._lost = why
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol: cut into replies."""
        if self._rest:
            data = self._rest + data
        lines = data.split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if line[3:4] == b"-":
                self._lines.append(line)
            else:
                self._take(line)
        if len(self._rest) > _LONGEST_REPLY or len(self._lines) > _LONGEST_REPLY // 64:
            self._take(b"")
        if self._replies:
            self._wake()

    def _take(self, line: bytes) -> None:
        """The last line of a reply has come. Nothing is believed after one that is none."""
        if self._owed == 0 or self._spoilt:
            self._spoilt = True
            return
        self._owed -= 1
        code = _USUAL.get(line[:4]) or _code(line)
        if code < 0:
            self._spoilt = True
            self._lines, line = [], b"    no SMTP reply: " + line[:200]
        self._replies.append(Reply(code, (*self._lines, line)))
        if self._lines:
            self._lines = []

    def eof_received(self) -> None:
        """asyncio.Protocol: the server has gone; what is still to be written must not leave."""
        self._end("connection lost")
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio.Protocol."""
        self._end(f"connection lost: {exc}" if exc else "connection lost")

    def resume_writing(self) -> None:
        """asyncio.Protocol: the final dot has left."""
        if self._lost is None and not self.dot_gone:
            self.dot_gone = True
            if self._waiter is not None and self._waits_for_dot:
                self._await_for(self._patience.dot_s)
