"""Fetcher: asks for a URL until it has an answer, or a reason not to ask again."""

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from itertools import count
from types import TracebackType
from typing import Self

import httpcore2

from digest.clock import utcnow
from digest.errors import FetchError
from digest.fetch.answers import Fetched, NotModified, Validators
from digest.fetch.backoff import PASSING, backoff_s, retry_after_s
from digest.fetch.exchange import Failure, Reply, exchange
from digest.fetch.limits import Limits, setting
from digest.fetch.network import GuardedNetwork, Resolver, system_resolver
from digest.fetch.pacing import Pacer
from digest.fetch.urls import BadUrl, Target, shown, target

log = logging.getLogger(__name__)

# Source: RFC 9110, 15.4; 300, 305 and 306 name no single place to go to.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Fetcher:
    """The one HTTP client, as `async with Fetcher() as fetcher`; it may run many gets at once.

    What it knows of the world comes in as arguments: the resolver, the network and the TLS
    context below it, the monotonic `clock` with its `sleep`, `jitter` (0 to 1) and `now`.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        resolve: Resolver = system_resolver,
        network: httpcore2.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._limits = limits or Limits()
        self._clock, self._jitter, self._now = clock, jitter, now
        self._pacer = Pacer(
            self._limits.pace, self._limits.default_pace_s, clock=clock, sleep=sleep
        )
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            # The pacer bounds the connections to a host. None is kept alive: arXiv allows one
            # over all its hosts, and every request is to be judged by its own look-up.
            max_connections=None,
            max_keepalive_connections=0,
            network_backend=GuardedNetwork(
                resolve=resolve,
                inner=network or httpcore2.AnyIOBackend(),
                allow_private=self._limits.allow_private,
            ),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._pool.aclose()

    async def get(self, url: str, validators: Validators | None = None) -> Fetched | NotModified:
        """The bytes of `url`, or NotModified if `validators` still hold there.

        Passing failures are tried again up to the limit of attempts; what remains is a
        FetchError, one line with the URL, without its password, and the limit that was met.
        """
        known = validators or Validators()
        try:
            start = target(url)
        except BadUrl as error:
            raise FetchError(f"{shown(url)}: {error}", url=shown(url)) from error
        for attempt in count(1):
            try:
                answer = await self._follow(start, known)
                break
            except Failure as failure:
                self._hold(failure, attempt, shown(str(start.url)))
        _log_answer(start.host, answer, attempt)
        return answer

    async def _follow(self, start: Target, known: Validators) -> Fetched | NotModified:
        place, spent_s = start, 0.0
        for _ in range(self._limits.max_redirects + 1):
            async with self._pacer.turn(place.host):
                began = self._clock()
                reply = await self._exchange(place, known, self._limits.timeout_s - spent_s)
                spent_s += self._clock() - began
            if reply.status not in _REDIRECTS:
                return _answer(place, reply, known)
            place = _next(place, reply)
        text = (
            f"more than {self._limits.max_redirects} redirects, the last to {shown(str(place.url))}"
            f"; mend the URL or raise {setting('max_redirects')}"
        )
        raise Failure(text, place.host)

    async def _exchange(self, place: Target, known: Validators, left_s: float) -> Reply:
        headers = {
            "User-Agent": self._limits.user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            **known.headers(),
        }
        return await exchange(self._pool, place, headers, self._limits, left_s=left_s)

    def _hold(self, failure: Failure, attempt: int, url: str) -> None:
        """Keep the host's lane closed until the next attempt; FetchError if there is to be none."""
        if not failure.passing or attempt >= self._limits.attempts:
            times = f", {attempt} times" if failure.passing and attempt > 1 else ""
            raise _error(f"{url}: {failure.reason}{times}", failure, url) from failure
        wait_s = max(self._backoff_s(attempt), self._asked_s(failure, url))
        log.warning(
            "fetch failed, will be tried again",
            extra={"host": failure.host, "attempt": attempt, "wait_s": round(wait_s, 1)},
        )
        self._pacer.hold(failure.host, wait_s)

    def _backoff_s(self, attempt: int) -> float:
        limits = self._limits
        return backoff_s(
            attempt, base_s=limits.backoff_s, cap_s=limits.backoff_cap_s, jitter=self._jitter()
        )

    def _asked_s(self, failure: Failure, url: str) -> float:
        header = failure.reply.headers.get("retry-after", "") if failure.reply else ""
        asked_s = retry_after_s(header, self._now()) or 0.0
        if asked_s <= self._limits.backoff_cap_s:
            return asked_s
        text = (
            f"{url}: {failure.reason} and asks to wait {asked_s:,.0f} s, more than the "
            f"{self._limits.backoff_cap_s:g} s of {setting('backoff_cap_s')}; collect again later"
        )
        raise _error(text, failure, url) from failure


def _next(place: Target, reply: Reply) -> Target:
    location = reply.headers.get("location", "")
    try:
        if not location:
            raise BadUrl("it has no Location")
        return place.redirected(location)
    except BadUrl as error:
        where = f" to {shown(location)}" if location else ""
        text = f"answered {_status(reply)}{where}, which cannot be followed ({error})"
        raise Failure(text, place.host, reply=reply) from error


def _answer(place: Target, reply: Reply, known: Validators) -> Fetched | NotModified:
    url = str(place.url)
    if 200 <= reply.status < 300:
        return Fetched(reply.body, url, Validators().renewed(reply.headers), reply.status)
    if reply.status == HTTPStatus.NOT_MODIFIED and known.headers():
        return NotModified(url, known.renewed(reply.headers))
    passing = reply.status in PASSING
    text = f"answered {_status(reply)}"
    raise Failure(text, place.host, passing=passing, reply=reply)


def _status(reply: Reply) -> str:
    try:
        return f"{reply.status} {HTTPStatus(reply.status).phrase}"
    except ValueError:
        return str(reply.status)


def _error(text: str, failure: Failure, url: str) -> FetchError:
    reply = failure.reply
    return FetchError(
        text, url=url, status=reply.status if reply else None, body=reply.body if reply else b""
    )


def _log_answer(host: str, answer: Fetched | NotModified, attempts: int) -> None:
    size = len(answer.body) if isinstance(answer, Fetched) else 0
    fresh = isinstance(answer, Fetched)
    log.info("fetched", extra={"host": host, "fresh": fresh, "bytes": size, "attempts": attempts})
