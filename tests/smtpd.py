"""A real SMTP server on loopback that does what a test tells it to, and keeps what it got.

Its script names a step ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "DOT",
"RSET", "QUIT") and what happens there: a reply line, or DROP, ABORT (a reset), SILENCE, or DEAF
(for DATA: go ahead, read nothing, reset), or CLOSE behind a reply ("250 ok<close>"). A list is used
up from its front, one each time the step comes; anything else holds for ever. A step that is not
in the script is answered as its order wants: DATA without a recipient is refused.
"""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

DROP, ABORT, SILENCE, DEAF, CLOSE = "<drop>", "<abort>", "<silence>", "<deaf>", "<close>"
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
    """The server; `async with Smtpd() as server` listens on a free port of loopback.

    Replies leave one by one, or, as `replies` says, "together" once nothing more is to be read, or
    "in pieces" of one octet; `turns` counts how often it did so together. `lenient`: DATA is
    allowed where every recipient was refused; `empty` counts the lone dots that came then.
    """

    script: Mapping[str, str | list[str]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("SIZE 1000000", "8BITMIME")
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    login: tuple[str, str] | None = None
    messages: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    replies: str = "one by one"
    lenient: bool = False
    empty: int = 0
    turns: int = 0
    silent: bool = False
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[asyncio.StreamWriter, list[bytes]] = {}
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
        while line := (await self._line(reader, writer)).decode().rstrip("\r\n"):
            self.commands.append(line)
            verb = line.partition(" ")[0].upper()
            if verb == "EHLO":
                await self._ehlo(writer)
            elif verb == "DATA":
                if await self._answer("DATA", writer, self._out_of_order(verb, mail, rcpt)):
                    await self._data(mail, rcpt, reader, writer)
                    mail = rcpt = ""
            elif verb == "STARTTLS":
                if await self._answer("STARTTLS", writer):
                    assert self.tls is not None
                    await self._flush(writer)
                    await writer.start_tls(self.tls)
            elif verb == "AUTH":
                await self._auth(line, writer)
            elif await self._answer(verb, writer, self._out_of_order(verb, mail, rcpt)):
                mail = line if verb == "MAIL" else "" if verb == "RSET" else mail
                rcpt = line if verb == "RCPT" else "" if verb in ("MAIL", "RSET") else rcpt

    def _out_of_order(self, verb: str, mail: str, rcpt: str) -> str | None:
        if verb == "MAIL" and mail:
            return "503 5.5.1 nested MAIL"
        if verb == "RCPT" and not mail:
            return "503 5.5.1 need MAIL"
        if verb == "DATA" and not rcpt and not self.lenient:
            return "503 5.5.1 need RCPT" if not mail else "554 5.5.1 no valid recipients"
        return None

    async def _data(
        self, mail: str, rcpt: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self._flush(writer)
        data = await self._read_data(reader)
        if not rcpt:
            self.empty += not data
            await self._do("554 5.5.1 no valid recipients", writer)
            return
        reply = self._next("DOT") or REPLIES["DOT"]
        if reply[:1] == "2":
            self.messages.append(Received(mail, rcpt, data))
        await self._do(reply, writer)

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """The next line; what is to be answered leaves before there is a wait for it."""
        if not reader._buffer:  # type: ignore[attr-defined]
            await self._flush(writer)
        return await reader.readline()

    async def _flush(self, writer: asyncio.StreamWriter) -> None:
        held = self._held.pop(writer, [])
        self.turns += bool(held)
        writer.write(b"".join(held))
        await writer.drain()

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
        lines = []
        while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line)
        return b"".join(lines)

    async def _answer(
        self, step: str, writer: asyncio.StreamWriter, order: str | None = None
    ) -> bool:
        """Answer as the script says, else by the order of commands, else as usual."""
        reply = self._next(step) or order or REPLIES.get(step, "502 5.5.1 not known")
        await self._do(reply, writer)
        return reply[:1] == ("3" if step == "DATA" else "2")

    def _next(self, step: str) -> str | None:
        told: Any = self.script.get(step)
        if isinstance(told, list):
            return str(told.pop(0)) if told else None
        return told

    async def _do(self, reply: str, writer: asyncio.StreamWriter) -> None:
        if reply in (DROP, ABORT, SILENCE, DEAF):
            await self._flush(writer)
        if reply == DROP:
            raise EOFError
        if reply == ABORT:
            writer.transport.abort()
            raise EOFError
        if reply == SILENCE:
            self.silent = True
            await asyncio.sleep(60)
        if reply == DEAF:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(b"354 go ahead\r\n")
            await asyncio.sleep(0.3)
            writer.transport.abort()
            raise EOFError
        closes = reply.endswith(CLOSE) or reply.startswith("421")
        await self._say(reply.removesuffix(CLOSE).encode() + b"\r\n", writer)
        if closes:
            await self._flush(writer)
            raise EOFError

    async def _say(self, reply: bytes, writer: asyncio.StreamWriter) -> None:
        if self.replies == "together":
            self._held.setdefault(writer, []).append(reply)
            return
        for place in range(len(reply)) if self.replies == "in pieces" else ():
            writer.write(reply[place : place + 1])
            await asyncio.sleep(0)
        if self.replies == "one by one":
            writer.write(reply)
        await writer.drain()
