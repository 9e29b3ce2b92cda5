"""Feedback from a mail: a page with one button, and the button; opening a link changes nothing.

One token a mail, bound to the reader and the digest's day. What is said of which paper stands
openly behind it: the token lets its holder speak for that reader about that digest, so nothing is
won by changing "more" to "less", and a paper that did not stand in the digest is refused.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from digest.app import App
from digest.core.edition import Pick, topic
from digest.mail.wording import clean, long_date
from digest.store import deliveries, history
from digest.web.fields import form, typed
from digest.web.links import reader_of, settings_path
from digest.web.pages import Pages
from subscribers import feedback
from subscribers.feedback import Kind
from subscribers.person import Subscriber
from subscribers.tokens import Purpose

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Word:
    """What a link would say: of which paper, and about what ("" where there is no topic)."""

    reader: Subscriber
    kind: Kind
    title: str
    about: str


@router.api_route("/feedback/{token}/{day}", methods=["GET", "HEAD"])
def papers(request: Request, token: str, day: date) -> Response:
    """All papers of one digest, each with its links; for readers of plain text."""
    app: App = request.app.state.app
    pages: Pages = request.app.state.pages
    with app.read() as session:
        reader = reader_of(session, app, token, Purpose.FEEDBACK, about=f"{day}")
        delivery = deliveries.digest_of(session, reader.id, day)
        picks = delivery.picks if delivery else ()
        known = history.by_ids(session, [pick.paper_id for pick in picks])
    listed = [
        (pick.paper_id, clean(known[pick.paper_id].paper.title), clean(_offered(reader, pick)))
        for pick in picks
        if pick.paper_id in known
    ]
    base = f"/feedback/{token}/{day}"
    return pages.page("feedback_list.html", day=long_date(day), papers=listed, base=base)


def _offered(reader: Subscriber, pick: Pick) -> str:
    """The topic of a pick that may be muted; "" where it is what the reader asked for."""
    named = topic(pick.reasons)
    return "" if _asked_for(reader, named) else named


def _asked_for(reader: Subscriber, text: str) -> bool:
    """Whether the text is, as a whole, something they want to see."""
    profile = reader.profile
    asked = (*profile.interests, *profile.keywords, *profile.categories)
    return text.casefold() in {one.casefold() for one in asked}


@router.api_route("/feedback/{token}/{day}/{kind}/{number}", methods=["GET", "HEAD"])
def ask(request: Request, token: str, day: date, kind: Kind, number: int) -> Response:
    """The page with the button; it changes nothing, since mail scanners open every link."""
    app: App = request.app.state.app
    with app.read() as session:
        word = _word(session, app, token, day, kind, number)
    return _page(request, word, done="")


@router.post("/feedback/{token}/{day}/{kind}/{number}")
def say(
    request: Request, token: str, day: date, kind: Kind, number: int,
    sent: Annotated[FormData, Depends(form)],
) -> Response:  # fmt: skip
    """Keep the word, or take it back."""
    app: App = request.app.state.app
    undo = typed(sent, "do") == "undo"
    with app.begin() as session:
        word = _word(session, app, token, day, kind, number)
        if undo:
            feedback.take_back(session, word.reader.id, kind, word.about)
        else:
            feedback.give(session, word.reader.id, kind, word.about, at=app.clock())
    return _page(request, word, done="undone" if undo else "done")


def _word(session: Session, app: App, token: str, day: date, kind: Kind, number: int) -> Word:
    reader = reader_of(session, app, token, Purpose.FEEDBACK, about=f"{day}")
    delivery = deliveries.digest_of(session, reader.id, day)
    picks = {pick.paper_id: pick for pick in (delivery.picks if delivery else ())}
    stored = history.by_ids(session, [number]).get(number) if 0 < number < 2**63 else None
    if stored is None or (picks and number not in picks):
        raise HTTPException(404)
    named = topic(picks[number].reasons) if number in picks else ""
    about = named if kind is Kind.MUTE else stored.paper.id
    if not about:
        raise HTTPException(404)
    return Word(reader, kind, clean(stored.paper.title), about)


def _page(request: Request, word: Word, done: str) -> Response:
    pages: Pages = request.app.state.pages
    return pages.page(
        "feedback.html",
        kind=word.kind,
        title=word.title,
        topic=clean(word.about) if word.kind is Kind.MUTE else "",
        wanted=word.kind is Kind.MUTE and _asked_for(word.reader, word.about),
        done=done,
        settings=settings_path(request.app.state.app, word.reader),
    )
