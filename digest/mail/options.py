"""How a relay is found and spoken to: Relay, Patience, Options."""

import ssl
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for a connection, for any reply, for the reply to the final dot."""

    connect_s: float = 30.0
    reply_s: float = 300.0
    dot_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The server that takes our mail; certificates are always checked."""

    host: str
    port: int
    tls: bool = False
    starttls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a transport behaves; `tls` replaces the system's trust.

    A connection is renewed after `per_connection` messages. Without `pipelining` each command
    waits for its reply, whatever the server offers.
    """

    patience: Patience = field(default_factory=Patience)
    per_connection: int = 100
    helo: str | None = None
    tls: ssl.SSLContext | None = None
    pipelining: bool = True
