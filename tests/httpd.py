"""A scripted HTTP server on loopback: says what it is told to, remembers what it was asked."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. `delay_s` passes before it and `drip_s` between the bytes of its body; `cut`
    closes the connection after so many bytes of the body, 0 before a single byte of anything."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0
    drip_s: float = 0
    cut: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    path: str
    headers: dict[str, str]  # names in lower case


class Httpd:
    """`answers[path]` are given in turn, the last one again and again; any other path is a 404.

    Connections stay open as long as the client likes; `most_at_once` counts those open together.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self.port = 0
        self._open = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                await self._reply(self._next_answer(head), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away, which is its right
        finally:
            self._open -= 1
            writer.close()

    def _next_answer(self, head: str) -> Answer:
        first, *lines = head.strip().split("\r\n")
        path = first.split(" ")[1]
        pairs = (line.split(":", 1) for line in lines)
        self.asked.append(Asked(path, {name.lower(): value.strip() for name, value in pairs}))
        script = self.answers.get(path, [Answer(404)])
        return script.pop(0) if len(script) > 1 else script[0]

    async def _reply(self, answer: Answer, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(answer.delay_s)
        if answer.cut == 0:
            writer.close()
            return
        headers = {"Content-Length": str(len(answer.body)), **answer.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {answer.status} Told So\r\n{head}\r\n".encode("latin-1"))
        for piece in _pieces(answer):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(answer.drip_s)
        if answer.cut is not None:
            writer.close()


def _pieces(answer: Answer) -> list[bytes]:
    body = answer.body[: answer.cut]
    return [body[at : at + 1] for at in range(len(body))] if answer.drip_s else [body]


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Httpd]:
    """The server on a free port of 127.0.0.1."""
    httpd = Httpd()
    server = await asyncio.start_server(httpd.handle, "127.0.0.1", 0, ssl=tls)
    httpd.port = server.sockets[0].getsockname()[1]
    try:
        yield httpd
    finally:
        server.close()
