"""Sends by hand, for programs of the operator: the rules of the desk, each request once."""

from datetime import UTC, timedelta
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Path, Request, Response

from digest import manual
from digest.app import App
from digest.core.wish import Wish
from digest.errors import SendError, UnknownRun
from digest.store import runs, sends
from digest.store.sends import Send
from digest.web.api.access import Sender, TheApp, problems
from digest.web.api.models import Order, SendOut
from digest.web.api.route import ApiRoute

router = APIRouter(tags=["sends"], route_class=ApiRoute)

Number = Annotated[int, Path(ge=1, le=2**62)]
Key = Annotated[
    str,
    Header(
        min_length=8,
        max_length=200,
        pattern="^[!-~]+$",
        description="Of your making, new for each send: the same key is the same send.",
    ),
]


@router.post(
    "/sends",
    status_code=202,
    responses=problems(400, 401, 403, 409, 413, 422)
    | {200: {"model": SendOut, "description": "This key's send, ordered before."}},
)
def order(
    app: TheApp,
    key: Sender,
    request: Request,
    response: Response,
    idempotency_key: Key,
    given: Order,
) -> SendOut:
    """Order a send: it is held for `hold_s` seconds, can be undone as long, and then goes."""
    today = app.clock().astimezone(UTC).date()
    wish = Wish(given.day or today, given.days, given.readers, given.text)
    try:
        send, is_new = manual.order(app, wish, key=f"api {key.id} {idempotency_key}",
                                    by=f"key {key.name}", count=given.count,
                                    hold=timedelta(seconds=given.hold_s))  # fmt: skip
    except SendError as error:
        raise HTTPException(409 if "Idempotency-Key" in f"{error}" else 400, f"{error}") from error
    response.status_code = 202 if is_new else 200
    request.app.state.runner.nudge()
    return _out(app, send)


@router.get("/sends/{id}", responses=problems(401, 403, 404, 413, 422))
def look(app: TheApp, _key: Sender, number: Annotated[Number, Path(alias="id")]) -> SendOut:
    """How a send stands."""
    return _out(app, _known(app, number))


@router.delete("/sends/{id}", responses=problems(401, 403, 404, 409, 413, 422))
def undo(app: TheApp, key: Sender, number: Annotated[Number, Path(alias="id")]) -> SendOut:
    """Undo a send that is held still."""
    _known(app, number)
    try:
        return _out(app, manual.undo(app, number, by=f"key {key.name}"))
    except (SendError, UnknownRun) as error:
        raise HTTPException(409, f"{error}") from error


def _known(app: App, number: int) -> Send:
    with app.read() as session:
        found = sends.get(session, number)
    if found is None:
        raise HTTPException(404, "there is no such send")
    return found


def _out(app: App, send: Send) -> SendOut:
    with app.read() as session:
        run = runs.get(session, send.run_id) if send.run_id else None
    asked = manual.wish_of(send)
    return SendOut(
        id=send.id, state=send.state, run=send.run_id, day=asked["day"], days=asked["days"],
        readers=asked["whom"], audience=send.audience, ordered_by=send.ordered_by, at=send.at,
        go_at=send.go_at,
        outcomes={state.value: n for state, n in sorted(run.outcomes.items())} if run else {},
    )  # fmt: skip
