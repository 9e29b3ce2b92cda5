"""Forms: read with a cap on their size, and kept as typed when something in them is wrong."""

from collections.abc import AsyncIterator

from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from subscribers.library import MOST_BYTES

_ROOM = 300_000  # of everything typed into one form


async def form(request: Request) -> AsyncIterator[FormData]:
    """The form that was sent; 413 if it is larger than any of ours can be."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MOST_BYTES + _ROOM:
        raise HTTPException(413 if length.isdecimal() else 411)
    async with request.form(max_files=1, max_fields=50, max_part_size=_ROOM) as sent:
        yield sent


def typed(sent: FormData, name: str) -> str:
    """One field as it was typed, "" for none."""
    value = sent.get(name, "")
    return value if isinstance(value, str) else ""
