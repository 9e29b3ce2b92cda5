"""Server: where a mailbox is, from its URL; a password goes over TLS or to this machine only."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from digest.errors import MailboxError

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A mailbox on a server; `tls` is from the start, else STARTTLS unless it is this machine."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    tls: bool
    context: ssl.SSLContext

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def is_here(self) -> bool:
        return self.host in _LOOPBACK


def server(url: str, ports: Mapping[str, int]) -> Server:
    """The server that a URL names; `ports` are the schemes with theirs. MailboxError if none."""
    try:
        parts = urlsplit(url)
        port = parts.port or ports[parts.scheme]
    except ValueError as error:
        raise MailboxError(_wrong("its port is no number from 1 to 65535")) from error
    if not parts.hostname or not parts.username or not parts.password:
        raise MailboxError(_wrong("it must name user, password and host"))
    return Server(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username),
        password=unquote(parts.password),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        tls=parts.scheme.endswith("s"),
        context=ssl.create_default_context(),
    )


def _wrong(reason: str) -> str:
    return (
        f"the URL of the mailbox: {reason}, percent-encoded; "
        "for example imaps://user:password@mail.example.org/INBOX"
    )
