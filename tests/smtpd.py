"""A real SMTP server on loopback that does what a test tells it to, and keeps what it got.

Its script names a step ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "DOT",
"RSET", "QUIT") and what happens there: a reply line, or DROP, ABORT (a reset), SILENCE, or DEAF
(for DATA: go ahead, read nothing, reset). A list is used up from its front, one each time the
step comes; anything else holds for ever.
"""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

DROP, ABORT, SILENCE, DEAF = "<drop>", "<abort>", "<silence>", "<deaf>"
REPLIES = {
    "CONNECT": "220 test ready",
    "HELO": "250 test",
    "MAIL": "250 2.1.0 sender ok",
    "RCPT": "250 2.1.5 recipient ok",
    "DATA": "354 go ahead",
    "DOT": "250 2.0.0 queued as 1",
    "RSET": "250 2.0.0 reset",
    "QUIT": "221 2.0.0 bye",
    "STARTTLS": "220 go on",
    "AUTH": "235 2.7.0 welcome",
}


@dataclass
class Received:
    """One accepted message: its envelope as the commands said it, and the very bytes of DATA,
    still stuffed, without the final dot."""

    mail: str
    rcpt: str
    data: bytes


@dataclass
class Smtpd:
    """The server; `async with Smtpd() as server` listens on a free port of loopback."""

    script: Mapping[str, str | list[str]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("SIZE 1000000", "8BITMIME")
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    login: tuple[str, str] | None = None
    messages: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        context = self.tls if self.implicit else None
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=context, limit=2**21
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer("CONNECT", writer)
        mail = rcpt = ""
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            self.commands.append(line)
            verb = line.partition(" ")[0].upper()
            if verb == "EHLO":
                await self._ehlo(writer)
            elif verb == "DATA":
                if await self._answer("DATA", writer):
                    data = await self._read_data(reader)
                    if await self._answer("DOT", writer):
                        self.messages.append(Received(mail, rcpt, data))
            elif verb == "STARTTLS":
                if await self._answer("STARTTLS", writer):
                    assert self.tls is not None
                    await writer.start_tls(self.tls)
            elif verb == "AUTH":
                await self._auth(line, writer)
            elif await self._answer(verb, writer):
                mail = line if verb == "MAIL" else mail
                rcpt = line if verb == "RCPT" else rcpt

    async def _ehlo(self, writer: asyncio.StreamWriter) -> None:
        told = self._next("EHLO")
        if told is not None:
            await self._do(told, writer)
            return
        offers = [*self.extensions]
        if self.tls and not self.implicit and not writer.get_extra_info("sslcontext"):
            offers.append("STARTTLS")
        if self.login:
            offers.append("AUTH PLAIN")
        lines = ["test", *offers]
        reply = [f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines]
        await self._do("\r\n".join(reply), writer)

    async def _auth(self, line: str, writer: asyncio.StreamWriter) -> None:
        _, user, password = b64decode(line.split(" ")[2]).decode().split("\0")
        if (user, password) == self.login:
            await self._answer("AUTH", writer)
        else:
            await self._do("535 5.7.8 wrong password", writer)

    async def _read_data(self, reader: asyncio.StreamReader) -> bytes:
        data = b"\r\n" + await reader.readuntil(b"\r\n")
        while not data.endswith(b"\r\n.\r\n"):
            data += await reader.readuntil(b"\r\n")
        return data[2:-3]

    async def _answer(self, step: str, writer: asyncio.StreamWriter) -> bool:
        reply = self._next(step) or REPLIES.get(step, "502 5.5.1 not known")
        await self._do(reply, writer)
        return reply[:1] in "23"

    def _next(self, step: str) -> str | None:
        told: Any = self.script.get(step)
        if isinstance(told, list):
            return str(told.pop(0)) if told else None
        return told

    async def _do(self, reply: str, writer: asyncio.StreamWriter) -> None:
        if reply == DROP:
            raise EOFError
        if reply == ABORT:
            writer.transport.abort()
            raise EOFError
        if reply == SILENCE:
            await asyncio.sleep(60)
        if reply == DEAF:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(b"354 go ahead\r\n")
            await asyncio.sleep(0.3)
            writer.transport.abort()
            raise EOFError
        writer.write(reply.encode() + b"\r\n")
        await writer.drain()
        if reply.startswith("421"):
            raise EOFError
