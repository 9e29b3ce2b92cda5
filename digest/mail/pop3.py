"""A mailbox read by POP3: mails that are dealt with are deleted, at the very end.

POP3 knows no flags, and a mail with an overlong line ends the whole session. So mails are read
first, in as many sessions as that takes, and deleted by their lasting names in the last one.
Source: RFC 1939, 5 (RETR, DELE) and 7 (UIDL).
"""

import poplib
from collections.abc import Iterator
from contextlib import suppress
from typing import Self

from digest.errors import MailboxError
from digest.mail.incoming import MOST_OCTETS, Incoming
from digest.mail.server import TIMEOUT_S, Server

_ERRORS = (poplib.error_proto, OSError, EOFError)


class Pop3:
    """All mails of one mailbox."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: poplib.POP3 | None = None
        self._tried: set[str] = set()
        self._done: set[str] = set()
        self._listed: list[tuple[int, str]] = []

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._done:
                self._delete()
        finally:
            self._close()

    def __iter__(self) -> Iterator[Incoming]:
        while (found := self._next()) is not None:
            number, name = found
            self._tried.add(name)
            title = f"mail {name} at {self._server}"
            try:
                data = self._fetch(number)
            except poplib.error_proto as error:
                yield Incoming(title, problem=_words(error))
                self._close()
                self._open()
                continue
            yield Incoming(title, data, place=name)

    def _next(self) -> tuple[int, str] | None:
        left = ((number, name) for number, name in self._listed if name not in self._tried)
        return next(left, None)

    def done(self, mail: Incoming) -> None:
        """Remember it for deletion."""
        if isinstance(mail.place, str):
            self._done.add(mail.place)

    def _open(self) -> None:
        server = self._server
        try:
            self._client = client = self._connect()
            client.user(server.user)
            client.pass_(server.password)
            self._listed = self._list(client)
        except _ERRORS as error:
            self._close()
            raise MailboxError(f"the mailbox at {server}: {_words(error)}") from error

    def _connect(self) -> poplib.POP3:
        server = self._server
        if server.tls:
            return poplib.POP3_SSL(
                server.host, server.port, timeout=TIMEOUT_S, context=server.context
            )
        client = poplib.POP3(server.host, server.port, timeout=TIMEOUT_S)
        if not server.is_here:
            client.stls(server.context)
        return client

    def _list(self, client: poplib.POP3) -> list[tuple[int, str]]:
        lines = client.uidl()[1]
        pairs = (line.decode("ascii", "replace").split(None, 1) for line in lines)
        return [(int(pair[0]), pair[1]) for pair in pairs if len(pair) == 2 and pair[0].isdigit()]

    def _fetch(self, number: int) -> bytes:
        if self._client is None:
            raise MailboxError(f"the mailbox at {self._server}: not connected")
        try:
            lines = self._client.retr(number)[1]
        except (OSError, EOFError) as error:
            raise MailboxError(f"the mailbox at {self._server}: {_words(error)}") from error
        return b"\r\n".join(lines)[:MOST_OCTETS]

    def _delete(self) -> None:
        """In a fresh session: numbers may have changed, names do not."""
        self._close()
        self._open()
        client = self._client
        try:
            for number, name in self._listed:
                if client is not None and name in self._done:
                    client.dele(number)
            if client is not None:
                client.quit()
        except _ERRORS as error:
            raise MailboxError(f"the mailbox at {self._server}: {_words(error)}") from error
        self._client = None

    def _close(self) -> None:
        """Without QUIT: what was marked as deleted in this session stays."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(*_ERRORS):
                client.close()


def _words(error: BaseException) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)
    return " ".join(text.split())[:200] or type(error).__name__
