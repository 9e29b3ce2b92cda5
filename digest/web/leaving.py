"""Leaving: a page with one button, and the one-click POST of RFC 8058.

The link never expires and outlives a change of the reader's address: whoever holds a mail can stop
the next one. But the old mailbox may be another's by then, so such a link can do nothing else.
"""

from dataclasses import dataclass, replace
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
    return _page(request, token, done="")


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
        holder = _holder(session, app, token)
    if holder is not None and do != LEAVE and not holder.is_current:
        do = ""
    try:
        if holder is not None and do:
            with app.begin() as session:
                _change(session, app, holder.reader, do, days, visitor_of(request, app).ip_hash)
    except (BadStep, BadProfile, UnknownPerson):  # they stand elsewhere by now: the page says where
        do = ""
    return _page(request, token, done=do, was=holder.reader.schedule.days if holder else "")


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whose link it is, and whether it was made for the address they have now."""

    reader: Subscriber
    is_current: bool


def _holder(session: Session, app: App, token: str) -> _Holder | None:
    """The reader of a link; None for who was erased. BadToken if it is forged."""
    link = tokens.read(token, Purpose.UNSUBSCRIBE, key=app.secret, now=app.clock())
    reader = roster.by_ids(session, [link.subscriber_id]).get(link.subscriber_id)
    if reader is None:
        return None
    return _Holder(reader, link.version == reader.token_version & 0xFFFF)


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


def _page(request: Request, token: str, *, done: str, was: str = "") -> Response:
    app: App = request.app.state.app
    pages: Pages = request.app.state.pages
    with app.read() as session:
        holder = _holder(session, app, token)
        current = holder.reader if holder and holder.is_current else None
        back = current is not None and _may_return(session, app, current)
    if holder is None:
        return pages.message(
            "You are not subscribed",
            "There is nothing about you here, and no mail will come.",
        )
    reader = holder.reader
    return pages.page(
        "leave.html",
        standing=reader.status,
        done=done,
        until=plain_date(reader.paused_until) if reader.paused_until else "",
        weekly=WEEKLY,
        days=reader.schedule.days,
        was=was,
        more=holder.is_current and reader.status is not Status.PENDING,
        back=back,
    )
