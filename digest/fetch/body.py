"""Reads a response's body: decompressed, whole, and never larger than allowed."""

import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing


class TooLarge(Exception):
    """The body passed its limit; what lies behind was not read."""


class BrokenBody(Exception):
    """The compressed body is damaged or ends too early."""


class UnknownEncoding(Exception):
    """The body is compressed in a way that was not asked for."""


async def read(chunks: AsyncGenerator[bytes, None], encoding: str, max_bytes: int) -> bytes:
    """The whole body. `encoding` is the Content-Encoding; only gzip was asked for.

    The limit holds for the bytes as they come and decompressed; a bomb is never unpacked
    further than one byte past it.
    """
    gunzip = _gunzip_for(encoding)
    body, received = bytearray(), 0
    async with aclosing(chunks):
        async for chunk in chunks:
            received += len(chunk)
            body += gunzip.unpack(chunk, max_bytes - len(body)) if gunzip else chunk
            if max(received, len(body)) > max_bytes:
                raise TooLarge
    if gunzip and received:
        gunzip.finish()
    return bytes(body)


def _gunzip_for(encoding: str) -> "_Gunzip | None":
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip"):
        return _Gunzip()
    raise UnknownEncoding(name)


class _Gunzip:
    """Unpacks gzip bit by bit; several members in a row are one body (RFC 1952, 2.2)."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def unpack(self, data: bytes, room: int) -> bytes:
        """What `data` unpacks to; stops one byte past `room`."""
        out = bytearray()
        try:
            while data and len(out) <= room:
                # Never 0 here: zlib takes that for "no limit".
                out += self._member.decompress(data, room - len(out) + 1)
                data = self._rest()
        except zlib.error as error:
            raise BrokenBody(str(error)) from error
        return bytes(out)

    def _rest(self) -> bytes:
        if not self._member.eof:
            return self._member.unconsumed_tail
        rest = self._member.unused_data.lstrip(b"\0")  # some servers pad the end with zeros
        if rest:
            self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return rest

    def finish(self) -> None:
        """BrokenBody unless the last member came to its end."""
        if not self._member.eof:
            raise BrokenBody("the compressed body ends too early")
