"""Readers, for programs of the operator: look up, add with their consent, change, erase."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Response
from sqlalchemy.orm import Session

from digest import personal, readers, seeding
from digest.app import App
from digest.web.api.access import Manager, Reader, TheApp, problems
from digest.web.api.models import (
    Changes,
    NewSubscriber,
    Search,
    SubscriberOut,
    SubscriberPage,
)
from digest.web.api.route import ApiRoute
from subscribers import address as addresses
from subscribers import entry, intake, preferences, roster, suppression
from subscribers import manner as manners
from subscribers.address import Address
from subscribers.consent import ConsentKind, Status
from subscribers.intake import Fate
from subscribers.person import Subscriber
from subscribers.profile import overlay

log = logging.getLogger(__name__)

router = APIRouter(tags=["subscribers"], route_class=ApiRoute)

Name = Annotated[str, Path(alias="email", max_length=320, description="The reader's address.")]
THERE: dict[int | str, dict[str, Any]] = {
    200: {"model": SubscriberOut, "description": "The reader was there already."}
}
STEPS = {
    Status.ACTIVE: ConsentKind.RESUMED,
    Status.PAUSED: ConsentKind.PAUSED,
    Status.UNSUBSCRIBED: ConsentKind.UNSUBSCRIBED,
}
# From here no program can lead on; who can, and how.
_ONLY_THEY = {
    Status.UNSUBSCRIBED: "this reader has left, and only they can come back: by the undo behind "
    "the unsubscribe link of any of our mails, or by subscribing anew",
    Status.PENDING: "this reader has not confirmed yet, and only they can: by the button behind "
    "the link in the confirmation mail; POST /api/v1/subscriptions asks them again",
}


@router.get("/subscribers", responses=problems(401, 403, 413, 422))
def list_subscribers(
    app: TheApp,
    _key: Reader,
    search: Annotated[Search, Query(description="A part of the address.")] = "",
    status: Annotated[Status | None, Query()] = None,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> SubscriberPage:
    """Readers, in the order of their ids."""
    with app.read() as session:
        found = roster.search(session, search, status=status, after_id=after, limit=limit + 1)
        shown = _shown(session, app, found[:limit])
    return SubscriberPage(subscribers=shown, after=shown[-1].id if len(found) > limit else None)


def _shown(session: Session, app: App, found: Sequence[Subscriber]) -> list[SubscriberOut]:
    barred = suppression.suppressed_keys(session, [r.address.key for r in found], key=app.secret)
    return [SubscriberOut.of(reader, barred.get(reader.address.key)) for reader in found]


@router.post(
    "/subscribers",
    status_code=201,
    responses=problems(400, 401, 403, 409, 413, 422) | THERE,
)
def add_subscriber(
    app: TheApp, key: Manager, response: Response, given: NewSubscriber
) -> SubscriberOut:
    """Add a reader who has agreed to get mail, or change what an existing one asked for.

    Whoever paused or left is not brought back by this.
    """
    now = app.clock()
    fields = given.model_dump(exclude_none=True) | {"confirmed_at": now}
    one = entry.read(fields, now=now, smtputf8=app.settings.smtputf8)
    with app.begin() as session:
        [fate] = +intake.take_in(session, [one], now=now, secret=app.secret)
        if fate is Fate.SKIPPED:
            raise HTTPException(409, "this address is suppressed: it is never written to")
        reader = _reader(session, one.address)
        seeding.look_up_likes(session, app, reader)
    log.info("reader taken in", extra={"subscriber_id": reader.id, "api_key": key.id})
    if fate is not Fate.ADDED:
        response.status_code = 200
    return SubscriberOut.of(reader, None)


@router.get("/subscribers/{email:path}", responses=problems(401, 403, 404, 413, 422))
def subscriber(app: TheApp, _key: Reader, email: Name) -> SubscriberOut:
    """One reader."""
    with app.read() as session:
        return _shown(session, app, [_reader(session, addresses.parse(email))])[0]


@router.patch("/subscribers/{email:path}", responses=problems(400, 401, 403, 404, 409, 413, 422))
def change_subscriber(app: TheApp, key: Manager, email: Name, given: Changes) -> SubscriberOut:
    """Change what a reader asked for, pause, resume or unsubscribe them.

    Only by their own click does somebody who left, or never confirmed, become active.
    """
    address = addresses.parse(email)
    if given.paused_until is not None and given.status != "paused":
        raise HTTPException(422, "paused_until goes with the status paused only")
    with app.begin() as session:
        reader = _reader(session, address)
        _change(session, app, reader, given)
        if given.status is not None and (given.status != reader.status or given.paused_until):
            if reader.status in _ONLY_THEY and given.status != "unsubscribed":
                raise HTTPException(409, _ONLY_THEY[reader.status])
            readers.step(session, app, reader.id, STEPS[Status(given.status)],
                         source=f"API key {key.name}", until=given.paused_until)  # fmt: skip
        shown = _shown(session, app, [_reader(session, address)])
    log.info("reader changed", extra={"subscriber_id": reader.id, "api_key": key.id})
    return shown[0]


def _change(session: Session, app: App, reader: Subscriber, given: Changes) -> None:
    fields: dict[str, Any] = given.model_dump(exclude_none=True, exclude={"status", "paused_until"})
    if not fields:
        return
    one = entry.read(fields | {"email": reader.address.as_typed}, now=app.clock())
    profile = overlay(reader.profile, one.profile, fields=one.given)
    preferences.change_profile(session, reader.id, profile, now=app.clock())
    seeding.look_up_likes(session, app, replace(reader, profile=profile))
    preferences.change_schedule(session, reader.id, intake.rescheduled(reader.schedule, one))
    manner = manners.overlay(reader.manner, one.manner, fields=one.given)
    preferences.change_manner(session, reader.id, manner)


@router.delete(
    "/subscribers/{email:path}", status_code=204, responses=problems(401, 403, 404, 413, 422)
)
def erase_subscriber(app: TheApp, key: Manager, email: Name) -> None:
    """Erase a reader: only a keyed hash of the address stays, so that no import brings it back."""
    if not personal.erase(app, addresses.parse(email), source=f"API key {key.name}"):
        raise HTTPException(404, "nobody is subscribed with this address")
    log.info("reader erased", extra={"api_key": key.id})


def _reader(session: Session, address: Address) -> Subscriber:
    found = roster.find(session, address)
    if found is None:
        raise HTTPException(404, "nobody is subscribed with this address")
    return found
