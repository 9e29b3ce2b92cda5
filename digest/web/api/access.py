"""Who asks: the key of a request, and whether it may do this. What every operation answers."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from digest.app import App
from digest.store import api_keys
from digest.store.api_keys import ApiKey, Scope
from digest.web.api.models import Problem

bearer = HTTPBearer(auto_error=False, description="A key made by `digest keys add`.")
Given = Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]

_MEANINGS = {
    400: "The request cannot be read.",
    401: "There is no key, or none that is in use.",
    403: "The key may not do this.",
    404: "There is no such thing.",
    409: "That does not go with how things stand.",
    413: "The body is larger than 64 kB.",
    422: "A value is wrong; `detail` says which.",
    429: "That was too often; try again after the seconds that `Retry-After` says.",
}
_RETRY_AFTER = {
    "description": "Seconds until a budget that is used up begins anew.",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}
_HEADERS: dict[int, dict[str, Any]] = {429: {"headers": {"Retry-After": _RETRY_AFTER}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The description of the errors that an operation may answer with."""
    return {
        status: {"model": Problem, "description": _MEANINGS[status], **_HEADERS.get(status, {})}
        for status in statuses
    }


def app_of(request: Request) -> App:
    """The App that serves this request."""
    app: App = request.app.state.app
    return app


TheApp = Annotated[App, Depends(app_of)]


def any_key(request: Request, app: TheApp, given: Given) -> ApiKey | None:
    """The key of the request, None if it has none; 401 for one that is not in use."""
    if given is None and "authorization" not in request.headers:
        return None
    with app.read() as session:
        key = api_keys.find(session, given.credentials) if given is not None else None
    if key is None:
        raise _unknown("this key is not in use")
    return key


OptionalKey = Annotated[ApiKey | None, Depends(any_key)]


def key_for(scope: Scope) -> Callable[[ApiKey | None], ApiKey]:
    """A dependency: the key of the request, which must have this scope."""

    def check(key: OptionalKey) -> ApiKey:
        if key is None:
            raise _unknown("this needs a key: Authorization: Bearer KEY")
        if scope not in key.scopes:
            raise HTTPException(403, f"this key lacks the scope {scope}")
        return key

    return check


def _unknown(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})


Reader = Annotated[ApiKey, Depends(key_for(Scope.SUBSCRIBERS_READ))]
Sender = Annotated[ApiKey, Depends(key_for(Scope.SENDS_WRITE))]
Manager = Annotated[ApiKey, Depends(key_for(Scope.SUBSCRIBERS_MANAGE))]
