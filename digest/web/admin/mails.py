"""Mails as their readers would see them, each in a frame that may do nothing."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import HTMLResponse, Response

from digest import sample
from digest.core.wish import MOST_DAYS
from digest.errors import UnknownSubscriber
from digest.mail.preview import parts_of
from digest.web.admin.gate import Call, In, rooms, show
from digest.web.admin.query import day_in, number_in, text_in
from digest.web.security import POLICY
from subscribers import roster
from subscribers.person import Subscriber

router: APIRouter = rooms()

# A page of ours may hold frames of ours; in them styles work, and nothing else does.
FRAMES = {"Content-Security-Policy": f"{POLICY}; frame-src 'self'"}
FRAMED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox",
    "X-Frame-Options": "SAMEORIGIN",
}


def reader_of(call: Call, number: int) -> Subscriber:
    """The reader of this number; UnknownSubscriber if there is none."""
    with call.app.read() as session:
        found = roster.by_ids(session, [number]).get(number)
    if found is None:
        raise UnknownSubscriber(f"there is no reader {number}")
    return found


@show(router, "/readers/{number}/mail")
def mail(call: In, number: Annotated[int, Path(ge=0, le=2**62)]) -> Response:
    """The digest of a day for one reader, as it would be, or as it was sent."""
    reader = reader_of(call, number)
    day, days = day_in(call), min(number_in(call, "days"), MOST_DAYS)
    kind = text_in(call, "kind") or sample.DIGEST
    with call.request.app.state.selectors.of(day, days) as selector:
        made = sample.message(call.app, kind, reader, day, selector)
    if made is None:
        return HTMLResponse(_EMPTY, headers=FRAMED)
    parts = parts_of(made)
    if text_in(call, "as") == "text" or not parts.html:
        return Response(parts.text, media_type="text/plain; charset=utf-8", headers=FRAMED)
    return HTMLResponse(parts.html, headers=FRAMED)


_EMPTY = (
    '<!doctype html><html lang="en"><meta name="color-scheme" content="light dark">'
    '<title>No mail</title><body style="font:16px/1.55 system-ui,sans-serif;padding:24px">'
    "<p>Nothing for this reader that day: they get no mail.</p></body></html>"
)
