"""The settings of one reader, by the signed link in every mail; no password, no cookie."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from digest import personal, postman
from digest.app import App
from digest.mail.why import why
from digest.mail.wording import clean, long_date, plain_date
from digest.store import history, letters
from digest.trial import Trial, Trials
from digest.web import liked, wishes
from digest.web.fields import form, typed
from digest.web.links import reader_of
from digest.web.pages import Pages
from digest.web.wishes import Wishes
from subscribers import address as addresses
from subscribers import feedback, library, preferences, roster, schedule, suppression, tokens
from subscribers.consent import WORDING, Consent, ConsentKind, Status
from subscribers.errors import BadAddress, BadImport, BadProfile, BadStep, BadToken
from subscribers.feedback import Kind
from subscribers.person import Subscriber
from subscribers.signup import BARRED
from subscribers.tokens import CONFIRM_WITHIN, Purpose

router = APIRouter(include_in_schema=False)

ADDRESSES_A_DAY = 3
SOURCE = "settings page"
SAVED = {
    "1": "Saved. It counts from your next digest.",
    "address": "If mail can be sent to that address, a letter with a link is on its way there. "
    "Nothing changes before its button is pressed.",
    "paused": "Paused.",
    "resumed": "Your papers come again.",
    "liked": "Your liked papers are saved.",
    "feedback": "Taken back.",
}
Sent = Annotated[FormData, Depends(form)]


def _app(request: Request) -> App:
    app: App = request.app.state.app
    return app


def _reader(session: Session, app: App, token: str) -> Subscriber:
    return reader_of(session, app, token, Purpose.SETTINGS)


@router.api_route("/settings/{token}", methods=["GET", "HEAD"])
def show(request: Request, token: str, saved: str = "") -> Response:
    """The page."""
    with _app(request).read() as session:
        reader = _reader(session, _app(request), token)
        return _page(request, session, token, reader, note=SAVED.get(saved, ""))


@router.post("/settings/{token}")
def save(request: Request, token: str, sent: Sent) -> Response:
    """Keep what was typed if all of it can be kept, else show it again with what is wrong."""
    app = _app(request)
    with app.begin() as session:
        reader = _reader(session, app, token)
        wanted = wishes.read(sent, reader)
        if not wanted.wrong:
            preferences.change_profile(session, reader.id, wanted.profile, now=app.clock())
            preferences.change_schedule(session, reader.id, wanted.schedule)
            preferences.change_format(session, reader.id, plain_only=wanted.plain_only)
            return _back(token, "1")
        return _page(request, session, token, reader, wanted=wanted)


@router.post("/settings/{token}/preview")
def preview(request: Request, token: str, sent: Sent, part: bool = False) -> Response:
    """Today's digest with what is typed, which is not saved; `part` is without the page around."""
    app = _app(request)
    with app.read() as session:
        reader = _reader(session, app, token)
        wanted = wishes.read(sent, reader)
    trials: Trials = request.app.state.trials
    trial = _shown(trials.of(replace(reader, profile=wanted.profile)))
    pages: Pages = request.app.state.pages
    if part:
        return pages.page("preview.html", trial=trial)
    with app.read() as session:
        return _page(request, session, token, reader, wanted=wanted, trial=trial)


@router.post("/settings/{token}/liked")
def like(request: Request, token: str, sent: Sent) -> Response:
    """Add pasted papers and those of a file."""
    app = _app(request)
    with app.begin() as session:
        reader = _reader(session, app, token)
        try:
            references = liked.pasted(typed(sent, "papers")) + _uploaded(sent)
            found = liked.add(session, reader.profile.liked, references)
            wanted = replace(reader.profile, liked=found.liked)
            preferences.change_profile(session, reader.id, wanted, now=app.clock())
        except (BadImport, BadProfile) as error:
            told = f"{error}"
            return _page(request, session, token, reader, wrong={"liked": told})
        reader = _reader(session, app, token)
        return _page(request, session, token, reader, note=found.message)


def _uploaded(sent: FormData) -> list[library.Reference]:
    file = sent.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return []
    return list(library.read(file.file.read()).references)


@router.post("/settings/{token}/unlike")
def unlike(request: Request, token: str, sent: Sent) -> Response:
    """Take one paper, or all of them, out of the liked ones."""
    app = _app(request)
    with app.begin() as session:
        reader = _reader(session, app, token)
        left = [name for name in reader.profile.liked if name != typed(sent, "name")]
        wanted = replace(reader.profile, liked=() if typed(sent, "all") else tuple(left))
        preferences.change_profile(session, reader.id, wanted, now=app.clock())
    return _back(token, "liked", "#liked")


@router.post("/settings/{token}/pause")
def pause(request: Request, token: str, sent: Sent) -> Response:
    """Pause until a day or for good, or resume."""
    app = _app(request)
    resume = typed(sent, "do") == "resume"
    with app.begin() as session:
        reader = _reader(session, app, token)
        kind = ConsentKind.RESUMED if resume else ConsentKind.PAUSED
        step = Consent(kind=kind, at=app.clock(), source=SOURCE, wording=WORDING)
        try:
            until = None if resume else _until(app, reader, typed(sent, "until"))
            preferences.take_step(session, reader.id, step, until=until)
        except BadProfile as error:
            return _page(request, session, token, reader, wrong={"until": f"{error}"})
        except BadStep:  # they stand elsewhere by now: the page says where
            return _back(token, "", "#pause")
    return _back(token, "resumed" if resume else "paused", "#pause")


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
    app = _app(request)
    with app.begin() as session:
        reader = _reader(session, app, token)
        if (kind := typed(sent, "kind")) in tuple(Kind):
            feedback.take_back(session, reader.id, Kind(kind), typed(sent, "about"))
    return _back(token, "feedback", "#feedback")


@router.post("/settings/{token}/address")
def move(request: Request, token: str, sent: Sent) -> Response:
    """Ask the new address. The answer is the same whoever has it, however often it was asked."""
    app = _app(request)
    with app.begin() as session:
        reader = _reader(session, app, token)
        try:
            new = addresses.parse(typed(sent, "address"))
        except BadAddress as error:
            return _page(
                request, session, token, reader,
                wrong={"address": f"{error}"}, address=typed(sent, "address"),
            )  # fmt: skip
        if _may_ask(session, app, reader, new):
            postman.queue(session, postman.ADDRESS, reader.id, now=app.clock(), about=new.as_typed)
    return _back(token, "address", "#address")


def _may_ask(session: Session, app: App, reader: Subscriber, new: addresses.Address) -> bool:
    since = app.clock() - timedelta(days=1)
    asked = letters.count_since(session, postman.ADDRESS, reader.id, since)
    barred = suppression.reason_for(session, new, key=app.secret) in BARRED
    return asked < ADDRESSES_A_DAY and not barred and roster.find(session, new) is None


@router.api_route("/address/{token}", methods=["GET", "HEAD"])
def ask_new(request: Request, token: str, to: str = "") -> Response:
    """The page with the button that moves a subscription; it changes nothing."""
    app = _app(request)
    new = _named(to)
    with app.read() as session:
        reader = _mover(session, app, token, new)
    pages: Pages = request.app.state.pages
    return pages.page("address.html", to=new.as_typed, done=reader.address.key == new.key)


@router.post("/address/{token}")
def take_new(request: Request, token: str, to: str = "") -> Response:
    """Move the subscription, and tell the old address; a second press changes nothing."""
    app = _app(request)
    pages: Pages = request.app.state.pages
    new = _named(to)
    with app.begin() as session:
        reader = _mover(session, app, token, new)
        if reader.address.key != new.key:
            old = reader.address.as_typed
            if not preferences.change_address(session, reader.id, new):
                return pages.message(
                    "This address has a subscription of its own",
                    "Unsubscribe it first, by the link in any of its mails, then move this one.",
                    status=409,
                )
            suppression.lift(session, new, key=app.secret)
            postman.queue(session, postman.MOVED, reader.id, now=app.clock(), about=old)
    return pages.page("address.html", to=new.as_typed, done=True)


def _named(to: str) -> addresses.Address:
    try:
        return addresses.parse(to)
    except BadAddress as error:
        raise BadToken("this link is incomplete: copy all of it from the mail") from error


def _mover(session: Session, app: App, token: str, new: addresses.Address) -> Subscriber:
    """Whose link it is; once the address is theirs, the link may be opened again."""
    link = tokens.read(
        token, Purpose.ADDRESS, key=app.secret, now=app.clock(),
        max_age=CONFIRM_WITHIN, about=new.key,
    )  # fmt: skip
    reader = roster.by_ids(session, [link.subscriber_id]).get(link.subscriber_id)
    if reader is None:
        raise BadToken("this link is for nobody here any more")
    if link.version != reader.token_version & 0xFFFF and reader.address.key != new.key:
        raise BadToken("this link was replaced: ask for a new one in your settings")
    return reader


@router.api_route("/settings/{token}/data", methods=["GET", "HEAD"])
def data(request: Request, token: str) -> Response:
    """Everything that is kept about the reader, as a JSON file."""
    app = _app(request)
    with app.read() as session:
        reader = _reader(session, app, token)
    text = json.dumps(personal.everything(app, reader.address), ensure_ascii=False, indent=1)
    named = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return Response(text, media_type="application/json", headers=named)


@router.api_route("/settings/{token}/erase", methods=["GET", "HEAD"])
def ask_erase(request: Request, token: str) -> Response:
    """The page with the button that erases everything."""
    with _app(request).read() as session:
        reader = _reader(session, _app(request), token)
    pages: Pages = request.app.state.pages
    return pages.page("erase.html", address=reader.address.as_typed, back=f"/settings/{token}")


@router.post("/settings/{token}/erase")
def erase(request: Request, token: str) -> Response:
    """Erase the reader."""
    app = _app(request)
    with app.read() as session:
        reader = _reader(session, app, token)
    personal.erase(app, reader.address, source=SOURCE)
    pages: Pages = request.app.state.pages
    return pages.message(
        "Everything is erased",
        "Your address, your settings and what you were sent are gone, and no mail will come.",
        "What stays is a code made of your address, which nobody can turn back into it: by it we "
        "know never to write to you, unless you subscribe again yourself.",
    )


def _back(token: str, saved: str, place: str = "") -> Response:
    """After a change: show the page anew, so that reloading it repeats nothing."""
    return RedirectResponse(f"/settings/{quote(token)}?saved={saved}{place}", 303)


def _page(
    request: Request,
    session: Session,
    token: str,
    reader: Subscriber,
    *,
    wanted: Wishes | None = None,
    wrong: dict[str, str] | None = None,
    note: str = "",
    address: str = "",
    trial: dict[str, Any] | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    said = feedback.said(session, reader.id)
    names = {*reader.profile.liked, *(one.about for one in said if one.kind is not Kind.MUTE)}
    known = history.by_names(session, names)
    faults = (wanted.wrong if wanted else {}) | (wrong or {})

    def title(name: str) -> str:
        return clean(known[name].paper.title) if name in known else name

    return pages.page(
        "settings.html",
        400 if faults and trial is None else 200,
        base=f"/settings/{token}",
        reader=reader,
        is_paused=reader.status is Status.PAUSED,
        paused_until=plain_date(reader.paused_until) if reader.paused_until else "",
        fields=wanted.typed if wanted else wishes.of(reader),
        wrong=faults,
        note=note,
        address=address,
        trial=trial,
        liked=[(name, title(name)) for name in reversed(reader.profile.liked)],
        said=[(one.kind, one.about, title(one.about)) for one in reversed(said)],
        events=[
            (f"{one.kind}".capitalize(), f"{one.at:%Y-%m-%d %H:%M} UTC", one.source, one.wording)
            for one in roster.consents(session, reader.id)
        ],
        zones=schedule.zones(),
        unsubscribe="/unsubscribe/" + tokens.make(
            Purpose.UNSUBSCRIBE, reader.id, key=_app(request).secret,
            version=reader.token_version, now=_app(request).clock(),
        ),
    )  # fmt: skip


def _shown(trial: Trial | None) -> dict[str, Any]:
    if trial is None:
        return {"day": "", "line": "", "papers": []}
    digest = trial.digest
    return {
        "day": long_date(digest.day),
        "line": f"{len(digest.picks)} of {digest.considered:,} papers",
        "papers": [
            {
                "title": clean(trial.papers[pick.paper_id].paper.title),
                "votes": trial.papers[pick.paper_id].paper.votes,
                "why": why(pick.reasons),
            }
            for pick in digest.picks
            if pick.paper_id in trial.papers
        ],
    }
