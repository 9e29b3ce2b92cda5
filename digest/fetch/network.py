"""GuardedNetwork: resolves a name once, judges what it got, connects to exactly that."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore2

from digest.fetch.addresses import AddressRefused, refusal

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses of a name in the order the system would try them; OSError if there are none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """A network backend whose connections go only where a fetch may go.

    The address judged is the address connected to, so a name that changes between two look-ups
    gains nothing; TLS still checks the certificate against the name, which httpcore2 hands to
    `start_tls` by itself. One refused address among several refuses the name.
    """

    def __init__(
        self, *, resolve: Resolver, inner: httpcore2.AsyncNetworkBackend, allow_private: bool
    ) -> None:
        self._resolve = resolve
        self._inner = inner
        self._allow_private = allow_private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in await self._addresses(host, port):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"the name {host} has no address: {error}") from error
        for address in () if self._allow_private else addresses:
            if kind := refusal(address):
                raise AddressRefused(address, kind)
        return addresses
