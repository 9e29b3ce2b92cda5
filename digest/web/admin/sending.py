"""Sending by hand: choose, look, confirm."""

import secrets
from datetime import UTC, date

from fastapi import APIRouter
from starlette.responses import Response

from digest import manual
from digest.core.admin import Role
from digest.core.wish import MOST_DAYS, Whom, Wish
from digest.errors import NotAdmitted, SendError
from digest.store import tallies
from digest.web.admin import cookies, wording
from digest.web.admin.entrance import prove
from digest.web.admin.gate import Call, In, act, rooms, show, to
from digest.web.admin.mails import FRAMES
from subscribers import roster

router: APIRouter = rooms()


@show(router, "/send", Role.SENDER)
def form(call: In) -> Response:
    """Which day, for whom."""
    with call.app.read() as session:
        day = tallies.latest_day(session) or call.app.clock().astimezone(UTC).date()
    given = call.request.query_params
    typed = {"day": given.get("day", day.isoformat())[:10], "days": "0", "whom": "all", "text": ""}
    return _form(call, typed)


@show(router, "/send/look", Role.SENDER)
@show(router, "/send/order", Role.SENDER)
def begin_again(call: In) -> Response:
    """What a page of a form becomes when it is opened by its address."""
    del call
    return to("/send")


def _form(call: Call, typed: dict[str, str], wrong: str = "", status: int = 200) -> Response:
    return call.page("send.html", status, typed=typed, wrong=wrong, most_days=MOST_DAYS)


@act(router, "/send/look", Role.SENDER)
def look(call: In) -> Response:
    """Whom it would reach, who is left out, three of the mails; nothing is sent."""
    return _look(call)


def _look(call: Call, wrong: str = "", status: int = 200) -> Response:
    typed = {name: call.text(name) for name in ("day", "days", "whom", "text")}
    try:
        wish = _wish(call)
        seen = manual.foresee(call.app, wish)
    except SendError as error:
        return _form(call, typed, f"{error}".capitalize() + ".", 400)
    with call.app.read() as session:
        people = roster.by_ids(session, seen.samples)
    samples = [(people[one].id, people[one].address.as_typed) for one in seen.samples]
    return call.page(
        "send_look.html",
        status,
        FRAMES,
        typed=typed,
        day=wording.day(wish.day),
        wish=wish,
        seen=seen,
        samples=samples,
        key=call.text("key") or secrets.token_urlsafe(18),
        wrong=wrong,
        fresh=False,
    )


@act(router, "/send/order", Role.SENDER)
def order(call: In) -> Response:
    """Order it: the count was typed, and the log-in asked again. Pressed twice it is one send."""
    count = call.text("count").replace(",", "").replace(" ", "")
    if not count or count != call.text("expected"):
        return _look(call, "The count you typed is not the number of readers.", 400)
    try:
        wish = _wish(call)
        token = _proved(call)
        send, _ = manual.order(
            call.app, wish, key=_key(call), by=call.who, count=int(call.text("expected"))
        )
    except (NotAdmitted, SendError) as error:
        status = 403 if isinstance(error, NotAdmitted) else 409
        return _look(call, f"{error}".capitalize() + ".", status)
    answer = to(f"/runs/{send.run_id}" if send.run_id else "/runs")
    if token:
        cookies.keep_session(answer, call.app, token)
    call.request.app.state.runner.nudge()
    return answer


def _proved(call: Call) -> str:
    """The session's new token; "" where this very order was made already: a button pressed twice,
    whose code is used up."""
    if manual.is_ordered(call.app, _key(call)):
        return ""
    return prove(call)


def _key(call: Call) -> str:
    """Of two admins who take one key, each has their own."""
    return f"{call.visit.admin.id} {call.text('key')}"


def _wish(call: Call) -> Wish:
    days = call.text("days") or "0"
    if not days.isdecimal() or len(days) > 2:
        raise SendError(f"a digest looks back 1 to {MOST_DAYS} days")
    return Wish(_day(call.text("day")), int(days), manual.choose(call.text("whom")),
                call.text("text") if call.text("whom") != Whom.ALL else "")  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SendError("write the day as 2026-05-07") from error
