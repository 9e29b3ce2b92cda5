"""Keyed hashes: HMAC-SHA256 with the key taken up once, since every mail needs half a dozen."""

import hmac
from functools import lru_cache


def mac(key: bytes, text: bytes) -> bytes:
    """The HMAC-SHA256 of `text`, 32 octets.

    Not by hmac.digest: it hands the interpreter to another thread, and a busy one keeps it for
    milliseconds.
    """
    found = _keyed(key).copy()
    found.update(text)
    return found.digest()


@lru_cache(16)
def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")
