"""A relay greeted: connected, secured, logged in, its extensions known; or the one line why not.

aiosmtplib does all of it. Source: RFC 3207, 8314 (TLS, certificates always checked); RFC 4954.
"""

import asyncio
import socket
import ssl
from functools import cache

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPTimeoutError,
)

from digest.core.delivery import Phase, State
from digest.mail.envelope import Offers
from digest.mail.lane import Unreachable
from digest.mail.options import Options, Relay
from digest.mail.session import Session
from digest.mail.wire import Wire
from digest.mail.wording import clean


async def greet(relay: Relay, options: Options) -> Session | Unreachable:
    """A session with `relay`, ready for its first message, or why there is none."""
    client = await _client(relay, options)
    try:
        await client.connect()
        await _hello(client)
        offers = Offers.of(client.esmtp_extensions)
        wire = Wire.take_over(client, options.patience)
    except (SMTPException, OSError, ValueError) as error:
        client.close()
        code = error.code if isinstance(error, SMTPResponseException) and error.code > 0 else None
        reply = f"{relay}: {_why(error, options)}"
        return Unreachable(State.DEFERRED, clean(reply, 500), code, Phase.CONNECT, ours=True)
    except BaseException:
        client.close()
        raise
    return Session(wire, offers, pipelines=options.pipelining)


async def _client(relay: Relay, options: Options) -> SMTP:
    trust = options.tls
    if trust is None and (relay.tls or relay.starttls):
        trust = await asyncio.to_thread(_system_trust)
    return SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.tls,
        start_tls=relay.starttls,
        username=relay.user or None,
        password=relay.password or None,
        local_hostname=options.helo or await asyncio.to_thread(_own_name),
        timeout=options.patience.connect_s,
        tls_context=trust,
    )


@cache
def _system_trust() -> ssl.SSLContext:
    """What this machine trusts; reading it costs too much to do so for each connection."""
    return ssl.create_default_context()


@cache
def _own_name() -> str:
    return socket.getfqdn()


async def _hello(client: SMTP) -> None:
    """EHLO, or HELO for a server that knows no EHLO; a connection with TLS or AUTH has done so."""
    if not client.is_ehlo_or_helo_needed:
        return
    try:
        await client.ehlo()
    except SMTPHeloError as error:
        if error.code < 500 or not client.is_connected:  # 4xx: busy, not old
            raise
        await client.helo()


def _why(error: Exception, options: Options) -> str:
    """What went wrong, in words that say where to look."""
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {cause.verify_message} (CERTIFICATE_VERIFY_FAILED)"
    if isinstance(cause, ssl.SSLError):
        return f"no TLS could be agreed on, is this its TLS port? {cause.reason or cause}"
    if isinstance(cause, socket.gaierror):
        return f"no such server is known ({cause.strerror})"
    if isinstance(error, SMTPAuthenticationError):
        return f"the log-in was refused: {error.message}"
    if isinstance(error, SMTPConnectResponseError):
        return f"it takes no connection: {error.message or error.code}"
    if isinstance(error, SMTPResponseException):
        return error.message or str(error.code)
    if isinstance(error, (SMTPTimeoutError, TimeoutError)):
        return f"no answer in {options.patience.connect_s:g} s"
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there (connection refused)"
    return str(cause) or type(cause).__name__
