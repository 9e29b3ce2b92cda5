"""Another address for a subscription: asked for in the settings, confirmed at the new address."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from limits import RateLimitItemPerDay
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from digest import postman
from digest.app import App
from digest.store import budgets, letters
from digest.web.fields import form, typed
from digest.web.links import settings_path
from digest.web.pages import Pages
from digest.web.settings_page import app_of, back, held, page
from digest.writing import ADDRESS, ARRIVED, MOVED
from subscribers import address as addresses
from subscribers import preferences, roster, suppression, tokens
from subscribers.errors import BadAddress, BadToken
from subscribers.person import Subscriber
from subscribers.signup import BARRED
from subscribers.tokens import CONFIRM_WITHIN, Purpose

router = APIRouter(include_in_schema=False)

ADDRESSES_A_DAY = 3
# What one address gets of such letters, whoever asks for them.
_TO_ONE = RateLimitItemPerDay(3, namespace="address")


@router.post("/settings/{token}/address")
def move(request: Request, token: str, sent: Annotated[FormData, Depends(form)]) -> Response:
    """Ask the new address. The answer is the same whoever has it, however often it was asked."""
    app = app_of(request)
    with app.begin() as session:
        reader = held(session, app, token)
        try:
            typed_in = addresses.parse(typed(sent, "address"))
            new = addresses.reachable(typed_in, smtputf8=app.settings.smtputf8)
        except BadAddress as error:
            return page(
                request, session, token, reader,
                wrong={"address": f"{error}"}, address=typed(sent, "address"),
            )  # fmt: skip
        if _may_ask(session, app, reader, new):
            postman.queue(session, ADDRESS, reader.id, now=app.clock(), about=new.as_typed)
    return back(token, "address", "#address")


def _may_ask(session: Session, app: App, reader: Subscriber, new: addresses.Address) -> bool:
    since = app.clock() - timedelta(days=1)
    asked = letters.count_since(session, ADDRESS, reader.id, since)
    barred = suppression.reason_for(session, new, key=app.secret) in BARRED
    if asked >= ADDRESSES_A_DAY or barred or roster.find(session, new) is not None:
        return False
    return _is_spared(session, app, new)


def _is_spared(session: Session, app: App, new: addresses.Address) -> bool:
    """Whether the address has not had its letters of a day; this one is counted. Of the address
    only a keyed hash is kept."""
    key = _TO_ONE.key_for(suppression.address_hash(new.key, app.secret))
    day = timedelta(seconds=_TO_ONE.get_expiry())
    return budgets.count(session, {key: 1}, day, now=app.clock())[key] <= _TO_ONE.amount


@router.api_route("/address/{token}", methods=["GET", "HEAD"])
def ask_new(request: Request, token: str, to: str = "") -> Response:
    """The page with the button that moves a subscription; it changes nothing."""
    app = app_of(request)
    new = _named(to)
    with app.read() as session:
        reader = _mover(session, app, token, new)
    return _page(request, reader, new)


@router.post("/address/{token}")
def take_new(request: Request, token: str, to: str = "") -> Response:
    """Move the subscription, and tell the old address; a second press changes nothing."""
    app = app_of(request)
    pages: Pages = request.app.state.pages
    new = _named(to)
    with app.begin() as session:
        reader = _mover(session, app, token, new)
        if reader.address.key != new.key:
            old = reader.address
            if not preferences.change_address(session, reader.id, new):
                return pages.message(
                    "This address has a subscription of its own",
                    "Unsubscribe it first, by the link in any of its mails, then move this one.",
                    status=409,
                )
            if suppression.reason_for(session, new, key=app.secret) not in BARRED:
                suppression.lift(session, new, key=app.secret)
            if suppression.reason_for(session, old, key=app.secret) not in BARRED:
                about = old.as_typed
                postman.queue(session, MOVED, reader.id, now=app.clock(), about=about)
            postman.queue(session, ARRIVED, reader.id, now=app.clock())
            reader = _mover(session, app, token, new)
    request.app.state.desk.nudge()
    return _page(request, reader, new)


def _page(request: Request, reader: Subscriber, new: addresses.Address) -> Response:
    """The question; once the address is theirs, the way to the settings, whose older links died."""
    pages: Pages = request.app.state.pages
    done = reader.address.key == new.key
    settings = settings_path(app_of(request), reader) if done else ""
    return pages.page("address.html", to=new.as_typed, done=done, settings=settings)


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
