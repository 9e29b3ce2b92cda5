"""A limit for the bodies of requests to the API, kept while they come in."""

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 64 * 1024
_TOLD = f"the body is larger than {MOST_BYTES // 1024} kB"


class BodyLimit:
    """ASGI middleware: 413 for a larger body below `prefix`, announced or not."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app, self.prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self.prefix):
            await self.app(scope, receive, send)
        elif _announced(scope) > MOST_BYTES:
            await JSONResponse({"detail": _TOLD}, 413)(scope, receive, send)
        else:
            await self.app(scope, _counted(receive), send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _counted(receive: Receive) -> Receive:
    """`receive`, until it has brought too much."""
    count = 0

    async def counted() -> Message:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > MOST_BYTES:
            raise HTTPException(413, _TOLD)
        return message

    return counted
