"""Mail: any template for any reader, to look at or to send to oneself."""

from datetime import date

from fastapi import APIRouter
from starlette.responses import Response

from digest import explain, sample
from digest.core.admin import Role
from digest.errors import SendError
from digest.store import audit, tallies
from digest.web.admin.gate import Call, In, act, rooms, show
from digest.web.admin.mails import FRAMES
from subscribers import address as addresses
from subscribers.person import Subscriber

router: APIRouter = rooms()


@show(router, "/mail")
def form(call: In) -> Response:
    """Which mail, for whom."""
    return _page(call, None)


def _page(call: Call, reader: Subscriber | None, told: str = "", wrong: str = "",
          status: int = 200) -> Response:  # fmt: skip
    with call.app.read() as session:
        latest = tallies.latest_day(session) or call.app.clock().date()
    typed = {name: call.text(name) for name in ("kind", "email", "day", "to")}
    typed["day"] = typed["day"] or latest.isoformat()
    return call.page("mail.html", status, FRAMES, reader=reader, kinds=sample.KINDS, told=told,
                     wrong=wrong, typed=typed)  # fmt: skip


@act(router, "/mail", Role.VIEWER)
def look(call: In) -> Response:
    """Show it; by a form, so that no address gets into a log."""
    return _page(call, _reader(call))


def _reader(call: Call) -> Subscriber:
    with call.app.read() as session:
        return explain.subscriber(session, addresses.parse(call.text("email")))


@act(router, "/mail/test", Role.SENDER)
def test(call: In) -> Response:
    """Send it to oneself."""
    reader, kind, to = _reader(call), call.text("kind"), addresses.parse(call.text("to"))
    made = sample.message(call.app, kind, reader, _day(call))
    if made is None:
        return _page(call, reader, wrong="This reader would get no mail for that day.", status=409)
    outcome = sample.send_test(call.app, made, to)
    with call.app.begin() as session:
        audit.note(session, call.who, "sent a test", f"reader {reader.id}", kind,
                   now=call.app.clock())  # fmt: skip
    words = f"{outcome.state}: {outcome.reply}"
    good = outcome.state == "sent"
    return _page(call, reader, told=words if good else "", wrong="" if good else words)


def _day(call: Call) -> date:
    try:
        return date.fromisoformat(call.text("day"))
    except ValueError as error:
        raise SendError("write the day as 2026-05-07") from error
