"""The link of a confirmation mail: GET shows a page, its button confirms."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from digest import postman
from digest.app import App
from digest.mail.wording import long_date
from digest.web.budgets import visitor_of
from digest.web.pages import Pages
from digest.writing import WELCOME
from subscribers import signup, tokens
from subscribers.consent import Status
from subscribers.errors import BadStep, BadToken
from subscribers.person import Subscriber
from subscribers.schedule import Schedule
from subscribers.tokens import Purpose

router = APIRouter(include_in_schema=False)


@router.api_route("/confirm/{token}", methods=["GET", "HEAD"])
def ask(request: Request, token: str) -> Response:
    """The page with the button; who is subscribed already is told so."""
    app: App = request.app.state.app
    with app.read() as session:
        reader = signup.peek(session, token, key=app.secret, now=app.clock())
    if reader.status is Status.UNSUBSCRIBED:
        raise BadToken("this address was unsubscribed since: subscribe again")
    if reader.status is not Status.PENDING:
        return _welcome(request, reader)
    pages: Pages = request.app.state.pages
    return pages.page("confirm.html", token=token)


@router.post("/confirm/{token}")
def confirm(request: Request, token: str) -> Response:
    """Make the reader active, and promise the letter that says so, in one transaction."""
    app: App = request.app.state.app
    try:
        reader = _confirmed(app, token, visitor_of(request, app).ip_hash)
    except BadStep:  # another click was a moment earlier
        reader = _confirmed(app, token, None)
    request.app.state.desk.nudge()
    return _welcome(request, reader)


def _confirmed(app: App, token: str, ip_hash: str | None) -> Subscriber:
    with app.begin() as session:
        now = app.clock()
        before = signup.peek(session, token, key=app.secret, now=now)
        reader = signup.confirm(session, token, key=app.secret, now=now, ip_hash=ip_hash)
        if before.status is Status.PENDING:
            postman.queue(session, WELCOME, reader.id, now=now)
    return reader


def _welcome(request: Request, reader: Subscriber) -> Response:
    app: App = request.app.state.app
    pages: Pages = request.app.state.pages
    now = app.clock()
    token = tokens.make(
        Purpose.SETTINGS, reader.id, key=app.secret, version=reader.token_version, now=now
    )
    first = first_digest(reader.schedule, now)
    return pages.page("welcome.html", first=first, settings=f"/settings/{token}")


def first_digest(schedule: Schedule, now: datetime) -> str:
    """When the next digest is due, in words: "tomorrow at 8:00 (Europe/Berlin)"."""
    local = now.astimezone(ZoneInfo(schedule.zone))
    day = local.date() + timedelta(days=local.hour >= schedule.hour)
    while not schedule.due_on(day):
        day += timedelta(days=1)
    ahead = (day - local.date()).days
    name = {0: "today", 1: "tomorrow"}.get(ahead, f"on {long_date(day).partition(',')[0]}")
    return f"{name} at {schedule.hour}:00 ({schedule.zone})"
