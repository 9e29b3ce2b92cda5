"""The transport protocol: a way out for messages, and the one to open for a URL."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import SplitResult, unquote, urlsplit

from digest.core.delivery import Outcome
from digest.core.message import Message
from digest.errors import SettingsError
from digest.mail.maildir import Maildir
from digest.mail.smtp import Patience, Relay, Smtp

EXAMPLES = "maildir:outbox or smtp+starttls://user:password@mail.example.org:587"
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class Transport(Protocol):
    """Hands messages over, one after the other; an `async with` opens and closes it."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def hand_over(self, message: Message) -> Outcome:
        """Give one message away and say what became of it; never raises for what a server,
        network or disk does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a transport behaves where its URL does not say; `tls` replaces the system's trust."""

    patience: Patience = field(default_factory=Patience)
    per_connection: int = 100
    helo: str | None = None
    tls: ssl.SSLContext | None = None


def open_transport(url: str, options: Options | None = None) -> Transport:
    """The transport that `url` names; nothing is opened or connected yet.

    "maildir:PATH", "smtp://", "smtp+starttls://" or "smtps://", the last three with
    user:password@host:port (percent-encoded). SettingsError names DIGEST_SMTP_URL, and never
    repeats a password.
    """
    scheme, _, rest = url.partition(":")
    if scheme.lower() == "maildir":
        if not rest:
            raise _wrong("maildir: without a folder")
        return Maildir(Path(rest.removeprefix("//")))
    if scheme.lower() not in _PORTS:
        raise _wrong(f"no way to send mail is called {scheme!r}" if rest else "no URL")
    return Smtp(_relay(url), options or Options())


def _relay(url: str) -> Relay:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong("its port is no number from 1 to 65535, or its host is none") from error
    if not parts.hostname or port == 0:
        raise _wrong("no server is named in it")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise _wrong("something stands behind the port; a password is percent-encoded")
    return Relay(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        tls=parts.scheme == "smtps",
        starttls=parts.scheme == "smtp+starttls",
        **_login(parts),
    )


def _login(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    if not parts.username or not parts.password:
        raise _wrong("a user and a password belong together")
    return {"user": unquote(parts.username), "password": unquote(parts.password)}


def _wrong(reason: str) -> SettingsError:
    return SettingsError(f"DIGEST_SMTP_URL: {reason}; for example {EXAMPLES}")
