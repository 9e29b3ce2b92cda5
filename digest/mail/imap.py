"""A mailbox read by IMAP: unseen mails, marked as seen once they are dealt with; none is deleted.

Source: RFC 9051, 6.4.4 (SEARCH), 6.4.5 (FETCH), 6.4.6 (STORE).
"""

import imaplib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self

from digest.errors import MailboxError
from digest.mail.incoming import MOST_OCTETS, Incoming
from digest.mail.server import TIMEOUT_S, Server

_ERRORS = (imaplib.IMAP4.error, OSError, EOFError)


class Imap:
    """The unseen mails of one folder."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: imaplib.IMAP4 | None = None

    def __enter__(self) -> Self:
        server = self._server
        try:
            self._client = self._connect()
            self._log_in(self._client)
            self._ask("select", self._folder())
        except _ERRORS as error:
            self.__exit__()
            raise MailboxError(f"the mailbox at {server}: {_words(error)}") from error
        except MailboxError:
            self.__exit__()
            raise
        return self

    def _connect(self) -> imaplib.IMAP4:
        server = self._server
        if server.tls:
            return imaplib.IMAP4_SSL(
                server.host, server.port, ssl_context=server.context, timeout=TIMEOUT_S
            )
        client = imaplib.IMAP4(server.host, server.port, timeout=TIMEOUT_S)
        if not server.is_here:
            client.starttls(server.context)
        return client

    def _log_in(self, client: imaplib.IMAP4) -> None:
        user, password = self._server.user, self._server.password
        if "AUTH=PLAIN" in client.capabilities:
            client.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        else:
            client.login(_quoted(user), password)

    def _folder(self) -> str:
        folder = self._server.folder
        if not folder.isascii():
            raise MailboxError(f"the folder {folder!r}: its name must be ASCII; use another")
        return _quoted(folder)

    def __exit__(self, *_: object) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(*_ERRORS):
                client.logout()
            with suppress(OSError):  # of a connection that was cut, the socket is still open
                client.shutdown()

    def __iter__(self) -> Iterator[Incoming]:
        [found, *_] = self._ask("uid", "SEARCH", "UNSEEN") or [b""]
        for number in (found or b"").decode("ascii", "replace").split():
            data = self._ask("uid", "FETCH", number, f"(BODY.PEEK[]<0.{MOST_OCTETS}>)")
            body = next((one[1] for one in data if isinstance(one, tuple)), None)
            name = f"mail {number} at {self._server}"
            if body is None:  # gone since the search
                continue
            yield Incoming(name, body, place=number)

    def done(self, mail: Incoming) -> None:
        """Mark it as seen."""
        if isinstance(mail.place, str):
            self._ask("uid", "STORE", mail.place, "+FLAGS.SILENT", r"(\Seen)")

    def _ask(self, name: str, *arguments: str) -> list[Any]:
        try:
            answer, data = getattr(self._client, name)(*arguments)
        except _ERRORS as error:
            raise MailboxError(f"the mailbox at {self._server}: {_words(error)}") from error
        if answer != "OK":
            said = b" ".join(one for one in data if isinstance(one, bytes)).decode(
                "utf-8", "replace"
            )
            raise MailboxError(f"the mailbox at {self._server}: {said[:200]}")
        return list(data)


def _quoted(text: str) -> str:
    if any(not char.isprintable() for char in text):
        raise MailboxError("the URL of the mailbox: a user or folder of control characters")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _words(error: BaseException) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)
    return " ".join(text.split())[:200] or type(error).__name__
