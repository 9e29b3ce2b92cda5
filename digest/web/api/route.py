"""How an operation of the API fails: what is expected becomes one HTTP error, in JSON."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response

from subscribers.errors import BadStep, SubscriberError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_MOST_TOLD = 20


class ApiRoute(APIRoute):
    """A route whose handlers may raise the errors of `subscribers`."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise HTTPException(422, _told(error)) from error
            except BadStep as error:
                raise HTTPException(409, str(error)) from error
            except SubscriberError as error:
                raise HTTPException(422, str(error)) from error

        return handled


def _told(error: RequestValidationError) -> list[dict[str, Any]]:
    """Where something is wrong and what, never the value itself: it may be an address."""
    return [
        {"where": [_clean(part) for part in one["loc"]], "what": _clean(one["msg"])}
        for one in error.errors()[:_MOST_TOLD]
    ]


def _clean(part: Any) -> Any:
    """A stranger's field name may hold half a character, which is no JSON."""
    return part.encode("utf-8", "replace").decode() if isinstance(part, str) else part
