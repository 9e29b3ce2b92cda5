"""A relay that writes down every message it takes before it says so: the truth of a torture."""

import asyncio
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

_OFFERS = b"250-sink\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n"
_RECIPIENT = re.compile(rb"RCPT TO:<([^>]*)>", re.IGNORECASE)
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)

Act = Callable[[], object]


class Sink:
    """A server on loopback in a thread of its own: `with Sink(file) as sink`.

    Each message is a line "RECIPIENT MESSAGE-ID" in `log`, with the system before the answer
    leaves. `at("DATA", n, act)` acts when the n-th DATA comes, `at("DOT", n, act)` when the n-th
    message is written down and not answered yet; `hold(n)` answers no final dot but of the first n
    messages until `release()`, and takes none of those that are held before.
    """

    def __init__(self, log: Path) -> None:
        self.log, self.port = log, 0
        self.seen = {"DATA": 0, "DOT": 0}
        self.held = 0
        self._acts: dict[str, tuple[int, Act]] = {}
        self._changed = threading.Condition()
        self._answered: int | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._file = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(30)
        os.close(self._file)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def taken(self) -> list[str]:
        """The recipients of all messages in the log, in its order."""
        return [line.split()[0] for line in self.log.read_text().splitlines()]

    def at(self, step: str, more: int, act: Act) -> None:
        """Act once, when so many more than now have come to this step."""
        with self._changed:
            self._acts[step] = self.seen[step] + more, act

    def calm(self) -> None:
        """Act no more."""
        with self._changed:
            self._acts.clear()

    def hold(self, after: int) -> None:
        """Take and answer only so many messages (in all) until `release`."""
        self._answered = after

    def release(self) -> None:
        self._answered = None
        self._loop.call_soon_threadsafe(self._go.set)

    def wait(self, what: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait until something of what this counts is so."""
        with self._changed:
            assert self._changed.wait_for(what, timeout_s), f"{self.seen}, held {self.held}"

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._go = asyncio.Event()
        self._talks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0, limit=2**21)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the sender was killed, or this is over
        finally:
            self._talks.discard(talk)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        recipient = ""
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(_OFFERS)
            elif verb == b"DATA":
                self._saw("DATA")
                writer.write(b"354 go on\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                await self._take(recipient, content)
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                found = _RECIPIENT.match(line)
                recipient = found[1].decode() if found else recipient
                writer.write(b"250 2.1.0 ok\r\n")

    async def _take(self, recipient: str, content: bytes) -> None:
        while self._answered is not None and self.seen["DOT"] >= self._answered:
            with self._changed:
                self.held += 1
                self._changed.notify_all()
            await self._go.wait()
        found = _MESSAGE_ID.search(content)
        os.write(self._file, f"{recipient} {found[1].decode() if found else '?'}\n".encode())
        self._saw("DOT")

    def _saw(self, step: str) -> None:
        """Count, and act where it is time; the thread of the server waits for it."""
        with self._changed:
            self.seen[step] += 1
            count, act = self._acts.get(step, (0, None))
            if act is not None and self.seen[step] >= count:
                del self._acts[step]
                act()
            self._changed.notify_all()
