import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.fetch import body


async def _chunks(data: bytes, size: int) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def read(data: bytes, encoding: str = "gzip", *, size: int = 7, limit: int = 10_000) -> bytes:
    return asyncio.run(body.read(_chunks(data, size), encoding, limit))


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3), st.integers(1, 50))
def test_gzip_members_in_a_row_are_one_body_however_it_is_cut(
    parts: list[bytes], size: int
) -> None:
    packed = b"".join(gzip.compress(part) for part in parts)
    assert read(packed, size=size) == b"".join(parts)


def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    assert read(b"x" * 100, "", limit=100) == b"x" * 100
    assert read(gzip.compress(b"x" * 100), limit=100) == b"x" * 100
    for data, encoding in ((b"x" * 101, ""), (gzip.compress(b"x" * 101), "gzip")):
        with pytest.raises(body.TooLarge):
            read(data, encoding, limit=100)


def test_a_gzip_bomb_is_never_unpacked_past_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    tracemalloc.start()
    with pytest.raises(body.TooLarge):
        read(bomb, size=len(bomb), limit=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


def test_a_stream_that_unpacks_to_nothing_ends_at_the_limit_too() -> None:
    with pytest.raises(body.TooLarge):
        read(gzip.compress(b"") * 600, size=1000, limit=10_000)


def test_a_compressed_body_that_ends_early_is_broken() -> None:
    with pytest.raises(body.BrokenBody, match="too early"):
        read(gzip.compress(b"a listing of papers")[:-4])


def test_bytes_that_are_not_gzip_are_broken() -> None:
    with pytest.raises(body.BrokenBody):
        read(b"<html>no gzip at all</html>")


def test_zeros_after_the_last_member_are_padding() -> None:
    assert read(gzip.compress(b"papers") + b"\0" * 30) == b"papers"


def test_an_empty_body_may_call_itself_compressed() -> None:
    assert read(b"") == b""


def test_an_encoding_that_was_not_asked_for_is_named() -> None:
    with pytest.raises(body.UnknownEncoding, match="br"):
        read(b"...", "br")
