"""A request to be subscribed, by a program: the same checks and the same silence as the form's."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request

from digest.store.api_keys import Scope
from digest.web import budgets
from digest.web.api.access import OptionalKey, TheApp, problems
from digest.web.api.models import Said, Subscription
from digest.web.api.route import ApiRoute
from digest.web.budgets import visitor_of
from subscribers import entry, signup

router = APIRouter(tags=["subscribing"], route_class=ApiRoute)

ANSWER = "If this address can be subscribed, a mail with a link to confirm it is on its way."
# Without a key it can be used as well.
OPTIONAL: dict[str, Any] = {"security": [{}]}


@router.post(
    "/subscriptions",
    status_code=202,
    responses=problems(400, 401, 403, 413, 422, 429),
    openapi_extra=OPTIONAL,
)
def subscribe(request: Request, app: TheApp, key: OptionalKey, wanted: Subscription) -> Said:
    """Ask for a subscription. The answer is the same whoever the address belongs to."""
    if key is not None and Scope.SUBSCRIBERS_WRITE not in key.scopes:
        raise HTTPException(403, f"this key lacks the scope {Scope.SUBSCRIBERS_WRITE}")
    fields = wanted.model_dump(exclude_none=True)
    read = entry.read(fields, now=app.clock(), smtputf8=app.settings.smtputf8)
    del fields["email"]
    visitor = visitor_of(request, app)
    one = signup.Request(
        address=read.address,
        fields=fields,
        source=f"API key {key.name}" if key else "API",
        at=app.clock(),
        ip_hash=visitor.ip_hash,
    )
    if not request.app.state.intake.take(one, visitor):
        wait_s = budgets.wait(app, visitor)
        told = f"that was a lot in a short time: try again in {wait_s} seconds"
        raise HTTPException(429, told, {"Retry-After": f"{wait_s}"})
    return Said(detail=ANSWER)
