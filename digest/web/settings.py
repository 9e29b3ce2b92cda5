"""The settings of one reader, by the signed link in every mail; no password, no cookie."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from digest import seeding
from digest.app import App
from digest.store import lookups
from digest.trial import Trials
from digest.web import liked, wishes
from digest.web.fields import form, typed
from digest.web.pages import Pages
from digest.web.settings_page import (
    KEPT,
    SAVED,
    SOURCE,
    app_of,
    back,
    doubt,
    held,
    page,
    shown,
)
from subscribers import feedback, preferences
from subscribers.consent import WORDING, Consent, ConsentKind
from subscribers.errors import BadImport, BadProfile, BadStep
from subscribers.feedback import Kind
from subscribers.person import Subscriber

router = APIRouter(include_in_schema=False)

Sent = Annotated[FormData, Depends(form)]


@router.api_route("/settings/{token}", methods=["GET", "HEAD"])
def show(request: Request, token: str, saved: str = "") -> Response:
    """The page."""
    with app_of(request).read() as session:
        reader = held(session, app_of(request), token)
        question = doubt(session, reader.profile.categories) if saved == KEPT else ""
        note = SAVED.get(saved, "")
        return page(request, session, token, reader, note=note, question=question)


@router.post("/settings/{token}")
def save(request: Request, token: str, sent: Sent) -> Response:
    """Keep what was typed if all of it can be kept, else show it again with what is wrong."""
    app = app_of(request)
    with app.begin() as session:
        reader = held(session, app, token)
        wanted = wishes.read(sent, reader)
        if not wanted.wrong:
            preferences.change_profile(session, reader.id, wanted.profile, now=app.clock())
            preferences.change_schedule(session, reader.id, wanted.schedule)
            preferences.change_manner(session, reader.id, wanted.manner)
            return back(token, KEPT)
        return page(request, session, token, reader, wanted=wanted)


@router.post("/settings/{token}/preview")
def preview(request: Request, token: str, sent: Sent, part: bool = False) -> Response:
    """Today's digest with what is typed, which is not saved; `part` is without the page around."""
    app = app_of(request)
    with app.read() as session:
        reader = held(session, app, token)
        wanted = wishes.read(sent, reader)
    trials: Trials = request.app.state.trials
    trial = shown(trials.of(replace(reader, profile=wanted.profile)))
    pages: Pages = request.app.state.pages
    if part:
        return pages.page("preview.html", trial=trial)
    with app.read() as session:
        return page(request, session, token, reader, wanted=wanted, trial=trial)


@router.post("/settings/{token}/liked")
def like(request: Request, token: str, sent: Sent) -> Response:
    """Add pasted papers and authors, and those of a file, or what its feeds stand for."""
    app = app_of(request)
    with app.begin() as session:
        reader = held(session, app, token)
        try:
            seeds = seeding.pasted(typed(sent, "papers")).and_of(_uploaded(sent))
            sown = seeding.sow(session, app, reader, seeds)
        except (BadImport, BadProfile) as error:
            told = f"{f'{error}'[:1].upper()}{f'{error}'[1:]}."
            given = typed(sent, "papers")
            return page(request, session, token, reader, wrong={"liked": told}, papers=given)
        reader = held(session, app, token)
        return page(request, session, token, reader, note=liked.message(sown))


def _uploaded(sent: FormData) -> seeding.Seeds:
    file = sent.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return seeding.Seeds()
    return seeding.file(file.file.read())


@router.post("/settings/{token}/unlike")
def unlike(request: Request, token: str, sent: Sent) -> Response:
    """Take one paper, or all of them, out of the liked ones; or stop looking for an author's."""
    app = app_of(request)
    with app.begin() as session:
        reader = held(session, app, token)
        if typed(sent, "all"):
            lookups.forget_reader(session, reader.id)
        lookups.drop_wishes(session, reader.id, [typed(sent, "name")])
        left = [name for name in reader.profile.liked if name != typed(sent, "name")]
        wanted = replace(reader.profile, liked=() if typed(sent, "all") else tuple(left))
        preferences.change_profile(session, reader.id, wanted, now=app.clock())
    return back(token, "liked", "#liked")


@router.post("/settings/{token}/pause")
def pause(request: Request, token: str, sent: Sent) -> Response:
    """Pause until a day or for good, or resume."""
    app = app_of(request)
    resume = typed(sent, "do") == "resume"
    with app.begin() as session:
        reader = held(session, app, token)
        kind = ConsentKind.RESUMED if resume else ConsentKind.PAUSED
        step = Consent(kind=kind, at=app.clock(), source=SOURCE, wording=WORDING)
        try:
            until = None if resume else _until(app, reader, typed(sent, "until"))
            preferences.take_step(session, reader.id, step, until=until)
        except BadProfile as error:
            return page(request, session, token, reader, wrong={"until": f"{error}"})
        except BadStep:  # they stand elsewhere by now: the page says where
            return back(token, "", "#pause")
    return back(token, "resumed" if resume else "paused", "#pause")


def _until(app: App, reader: Subscriber, text: str) -> date | None:
    if not text:
        return None
    today = app.clock().astimezone(ZoneInfo(reader.schedule.zone)).date()
    try:
        until = date.fromisoformat(text)
    except ValueError as error:
        raise BadProfile("Give the day as YYYY-MM-DD, such as 2026-03-02.") from error
    if not today < until <= today + timedelta(days=3660):
        raise BadProfile("The day must lie in the next ten years.")
    return until


@router.post("/settings/{token}/feedback")
def take_back(request: Request, token: str, sent: Sent) -> Response:
    """Undo one word of feedback."""
    app = app_of(request)
    with app.begin() as session:
        reader = held(session, app, token)
        if (kind := typed(sent, "kind")) in tuple(Kind):
            feedback.take_back(session, reader.id, Kind(kind), typed(sent, "about"))
    return back(token, "feedback", "#feedback")
