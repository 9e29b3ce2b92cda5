"""Leaving: a page with one button, and the one-click POST of RFC 8058.

The link never expires and outlives a change of the reader's token version: whoever holds a mail
can stop the next one.
"""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from digest.app import App
from digest.mail.wording import plain_date
from digest.web.budgets import visitor_of
from digest.web.pages import Pages
from subscribers import preferences, roster, schedule, suppression, tokens
from subscribers.consent import WORDING, Consent, ConsentKind, Status
from subscribers.errors import BadProfile, BadStep, UnknownPerson
from subscribers.person import Subscriber
from subscribers.tokens import Purpose

router = APIRouter(include_in_schema=False)

PAUSE = timedelta(days=30)
WEEKLY = "weekly:mon"
LEAVE, REST, RESUME, RHYTHM, UNDO = "unsubscribe", "pause", "resume", "rhythm", "undo"
_KINDS = {
    LEAVE: ConsentKind.UNSUBSCRIBED,
    REST: ConsentKind.PAUSED,
    RESUME: ConsentKind.RESUMED,
    UNDO: ConsentKind.RESUBSCRIBED,
}


@router.api_route("/unsubscribe/{token}", methods=["GET", "HEAD"])
def ask(request: Request, token: str) -> Response:
    """The page with the button; it changes nothing, since mail scanners open every link."""
    app: App = request.app.state.app
    with app.read() as session:
        reader = _reader(session, app, token)
        back = reader is not None and _may_return(session, app, reader)
    return _page(request, reader, done="", back=back)


@router.post("/unsubscribe/{token}")
async def act(request: Request, token: str) -> Response:
    """Do what the button says. A POST that names nothing, as a mailbox's one click sends it,
    leaves. Source: RFC 8058, 3.2 (no cookie, no redirect)."""
    sent = await request.form(max_files=0, max_fields=10, max_part_size=1000)
    do, days = f"{sent.get('do', LEAVE)}", f"{sent.get('days', '')}"
    return await run_in_threadpool(_act, request, token, do, days)


def _act(request: Request, token: str, do: str, days: str) -> Response:
    app: App = request.app.state.app
    pages: Pages = request.app.state.pages
    if do not in (*_KINDS, RHYTHM):
        return pages.problem(400)
    with app.read() as session:
        before = _reader(session, app, token)
    try:
        if before is not None:
            with app.begin() as session:
                _change(session, app, before, do, days, visitor_of(request, app).ip_hash)
    except (BadStep, BadProfile, UnknownPerson):  # they stand elsewhere by now: the page says where
        do = ""
    with app.read() as session:
        reader = _reader(session, app, token)
        back = reader is not None and _may_return(session, app, reader)
    return _page(request, reader, done=do, back=back, was=before)


def _reader(session: Session, app: App, token: str) -> Subscriber | None:
    """Whose link it is; None for who was erased. BadToken if it is forged."""
    link = tokens.read(token, Purpose.UNSUBSCRIBE, key=app.secret, now=app.clock())
    return roster.by_ids(session, [link.subscriber_id]).get(link.subscriber_id)


def _may_return(session: Session, app: App, reader: Subscriber) -> bool:
    """Whether undoing is enough: they had confirmed, and nothing else stands against mail."""
    barred = suppression.reason_for(session, reader.address, key=app.secret)
    return reader.confirmed_at is not None and barred is None


def _change(
    session: Session, app: App, reader: Subscriber, do: str, days: str, ip_hash: str
) -> None:
    if do == RHYTHM:
        cadence, weekday = schedule.read_days(days)
        wanted = replace(reader.schedule, cadence=cadence, weekday=weekday)
        preferences.change_schedule(session, reader.id, wanted)
        return
    if do == LEAVE and reader.status is Status.UNSUBSCRIBED:
        return
    if do == UNDO and not _may_return(session, app, reader):
        raise BadStep("only who had confirmed can undo leaving")
    now = app.clock()
    local = now.astimezone(ZoneInfo(reader.schedule.zone)).date()
    step = Consent(
        kind=_KINDS[do], at=now, source="unsubscribe page", wording=WORDING, ip_hash=ip_hash
    )
    until = local + PAUSE if do == REST else None
    preferences.take_step(session, reader.id, step, until=until)


def _page(
    request: Request, reader: Subscriber | None, *, done: str, back: bool,
    was: Subscriber | None = None,
) -> Response:  # fmt: skip
    pages: Pages = request.app.state.pages
    if reader is None:
        return pages.message(
            "You are not subscribed",
            "There is nothing about you here, and no mail will come.",
        )
    until = plain_date(reader.paused_until) if reader.paused_until else ""
    return pages.page(
        "leave.html",
        standing=reader.status,
        done=done,
        until=until,
        weekly=WEEKLY,
        days=reader.schedule.days,
        was=was.schedule.days if was else "",
        back=back,
    )
