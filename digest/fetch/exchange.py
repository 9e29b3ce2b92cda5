"""One request and its response, with every way it can fail put into words."""

import asyncio
import ssl
from dataclasses import dataclass

import httpcore2
import httpx2

from digest.fetch import body
from digest.fetch.addresses import AddressRefused
from digest.fetch.limits import Limits, setting
from digest.fetch.urls import Target

ERROR_BODY_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, whole. Of a redirect the body is left unread."""

    status: int
    headers: httpx2.Headers
    body: bytes


class Failure(Exception):
    """Why an attempt gave nothing; `passing` if another attempt may.

    The message is the line's second half: whoever asked knows the URL.
    """

    def __init__(
        self,
        reason: str,
        host: str,
        *,
        passing: bool = False,
        reply: Reply | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.host = host
        self.passing = passing
        self.reply = reply


async def exchange(
    pool: httpcore2.AsyncConnectionPool,
    place: Target,
    headers: dict[str, str],
    limits: Limits,
    *,
    left_s: float,
) -> Reply:
    """Ask once and read the answer, whatever its status, within `left_s`; else Failure."""
    try:
        async with asyncio.timeout(left_s):
            return await _ask(pool, place, headers, limits)
    except (*_PASSING, *_FINAL) as error:
        text = _words(error, place.host, limits)
        raise Failure(text, place.host, passing=_may_pass(error)) from error


# OSError: what the TLS library raises in mid-stream reaches us as it is.
_PASSING = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.RemoteProtocolError,
    body.BrokenBody,
    OSError,
)
_FINAL = (
    TimeoutError,  # of the whole attempt, hence no accident
    httpcore2.LocalProtocolError,
    body.TooLarge,
    body.UnknownEncoding,
    AddressRefused,
)


async def _ask(
    pool: httpcore2.AsyncConnectionPool, place: Target, headers: dict[str, str], limits: Limits
) -> Reply:
    # httpcore2 would write an IPv6 host without its brackets.
    named = {"Host": place.url.netloc.decode("ascii"), **headers}
    if place.authorization:
        named["Authorization"] = place.authorization
    async with pool.stream(
        "GET", _wire_url(place.url), headers=_wire_headers(named), extensions=_patience(limits)
    ) as response:
        found = httpx2.Headers(response.headers)
        return Reply(response.status, found, await _body(response, found, limits))


async def _body(response: httpcore2.Response, headers: httpx2.Headers, limits: Limits) -> bytes:
    encoding = headers.get("content-encoding", "")
    if 200 <= response.status < 300:
        return await body.read(response.aiter_stream(), encoding, limits.max_bytes)
    if response.status < 400:
        return b""
    try:
        return await body.read(response.aiter_stream(), encoding, ERROR_BODY_BYTES)
    except (*_PASSING, body.TooLarge, body.UnknownEncoding):
        return b""  # the status says enough


def _wire_url(url: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def _wire_headers(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode("ascii"), value.encode("latin-1", "replace"))
        for name, value in headers.items()
    ]


def _patience(limits: Limits) -> dict[str, dict[str, float]]:
    silence_s = limits.silence_s
    return {"timeout": {"connect": limits.connect_s, "read": silence_s, "write": silence_s}}


def _may_pass(error: Exception) -> bool:
    """Whether another attempt could help; with a bad certificate it could not."""
    bad_certificate = any(isinstance(arg, ssl.SSLCertVerificationError) for arg in error.args)
    return not (bad_certificate or isinstance(error, _FINAL))


def _words(error: Exception, host: str, limits: Limits) -> str:
    match error:
        case TimeoutError():
            return f"not finished after {limits.timeout_s:g} s; raise {setting('timeout_s')}"
        case body.TooLarge():
            return f"more than {limits.max_bytes:,} bytes; raise {setting('max_bytes')} to take it"
        case body.UnknownEncoding():
            return f"came with Content-Encoding {error}, but only gzip was asked for"
        case AddressRefused():
            return f"{host} leads to {error}; set {setting('allow_private')}=true to fetch there"
        case httpcore2.ConnectTimeout():
            return f"no connection within {limits.connect_s:g} s"
        case httpcore2.TimeoutException():
            return f"silent for {limits.silence_s:g} s"
        case _:
            said = " ".join(str(error).split())
            return f"the connection failed ({said})" if said else "the connection was cut"
