"""The DATA command on a connected aiosmtplib client, exact about what left this machine.

aiosmtplib's own passes two regular expressions over each message and cannot say whether the final
dot went out. After the dot has left, only the server knows whether it has the message; before,
trying again is safe. Source: RFC 5321, 4.1.1.4 and 6.1; RFC 1047.
"""

import asyncio
import re
from typing import Any, Self

from aiosmtplib import SMTP, SMTPResponse, SMTPServerDisconnected, SMTPTimeoutError
from aiosmtplib.protocol import SMTPProtocol

_BARE = re.compile(rb"\r\n|\r|\n")
_GO_AHEAD = 354


def wire_form(data: bytes) -> bytes:
    """`data` as DATA wants it: CRLF line ends, dots stuffed, ending with a line end.

    Our composers make it so from the start, which costs three fast searches to see.
    """
    ends = data.count(b"\r\n")
    if data.count(b"\n") != ends or data.count(b"\r") != ends:
        data = _BARE.sub(b"\r\n", data)
    if data.startswith(b".") or b"\r\n." in data:
        data = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
    return data if data.endswith(b"\r\n") else data + b"\r\n"


class Wire(SMTPProtocol):
    """aiosmtplib's protocol that also knows whether all it wrote was handed to the kernel."""

    dot_gone = False

    @classmethod
    def take_over(cls, client: SMTP) -> Self:
        """Put a Wire in the place of the protocol of a connected client at rest."""
        if client.transport is None or client.protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        wire = cls(connection_lost_callback=client.protocol._connection_lost_callback)
        wire.connection_made(client.transport)
        wire._response_pending = False
        # The protocol is told of every octet that waits, not only of 64 kB and more.
        client.transport.set_write_buffer_limits(high=1, low=0)  # type: ignore[attr-defined]
        client.transport.set_protocol(wire)
        client.protocol = wire
        return wire

    def pause_writing(self) -> None:
        self.dot_gone = False
        super().pause_writing()

    def resume_writing(self) -> None:
        self.dot_gone = True
        super().resume_writing()

    async def ask_data(self, timeout_s: float) -> SMTPResponse:
        """DATA itself; 354 means go ahead."""
        self.dot_gone = False
        return await self.execute_command(b"DATA", timeout=timeout_s)

    async def send_data(self, data: bytes, flush_s: float, dot_s: float) -> SMTPResponse:
        """The message and the final dot, then the server's answer.

        `flush_s` bounds the writing, `dot_s` the wait for the answer. Whatever is raised,
        `dot_gone` says whether the dot may have reached the server.
        """
        if self._command_lock is None:
            raise SMTPServerDisconnected("Connection lost")
        async with self._command_lock:
            self._response_pending = True
            self.dot_gone = self.is_connected
            self.write(b"".join((data, b".\r\n")))
            await self._flush(flush_s)
            return await self.read_response(timeout=dot_s)

    async def _flush(self, timeout_s: float) -> None:
        if not self._paused or self._has_answer():
            return
        drained = asyncio.ensure_future(self._drain_helper())
        answer = self._response_waiter
        waits: set[asyncio.Future[Any]] = {drained} if answer is None else {drained, answer}
        try:
            done, _ = await asyncio.wait(
                waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            if not drained.done():
                drained.cancel()
        if not done:
            raise SMTPTimeoutError("Timed out writing the message")
        if drained in done and (error := drained.exception()) is not None:
            raise SMTPServerDisconnected(f"Connection lost: {error}") from error

    def _has_answer(self) -> bool:
        return self._response_waiter is not None and self._response_waiter.done()


def refused(response: SMTPResponse) -> bool:
    """Whether an answer to DATA is anything but "go ahead"."""
    return response.code != _GO_AHEAD
