"""Readers: look them up, and one reader's whole story."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from digest import personal, readers
from digest.core.admin import Role
from digest.core.edition import Reason as Cause
from digest.mail.why import why
from digest.store import audit, deliveries, history, tallies
from digest.store.deliveries import Delivery
from digest.web import wishes
from digest.web.admin import wording
from digest.web.admin.gate import Call, In, act, rooms, show, to
from digest.web.admin.mails import FRAMES, reader_of
from digest.web.admin.proof import proved
from digest.web.admin.query import number_in
from subscribers import address as addresses
from subscribers import feedback, roster, suppression
from subscribers.address import Address
from subscribers.consent import Reason, Status
from subscribers.errors import BadAddress
from subscribers.person import Subscriber

router: APIRouter = rooms()

PAGE, STORY = 50, 20
SOURCE = "the desk"
Number = Annotated[int, Path(ge=0, le=2**62)]


@show(router, "/readers")
def newest(call: In) -> Response:
    """How many stand where; the first of them, and the search."""
    return _list(call)


@act(router, "/readers", Role.VIEWER)
def search(call: In) -> Response:
    """Readers by a part of their address. By a form, so that no address gets into a log."""
    return _list(call)


def _list(call: Call) -> Response:
    text, chosen, after = call.text("q")[:200], call.text("status"), call.text("after")
    status = Status(chosen) if chosen in tuple(Status) else None
    after_id = int(after) if after.isdecimal() and len(after) < 19 else 0
    with call.app.read() as session:
        found = _exactly(session, text) if not after_id else []
        if not found:
            found = list(roster.search(session, text, status=status, after_id=after_id,
                                       limit=PAGE + 1))  # fmt: skip
        keys = [one.address.key for one in found]
        barred = suppression.suppressed_keys(session, keys, key=call.app.secret)
        counts = tallies.readers(session)
    return call.page("readers.html", found=found[:PAGE], barred=barred, counts=counts, q=text,
                     chosen=status or "", after=found[PAGE - 1].id if len(found) > PAGE else 0,
                     statuses=list(Status))  # fmt: skip


def _exactly(session: Session, text: str) -> list[Subscriber]:
    """The one reader with this whole address: found at once, however many there are."""
    try:
        found = roster.find(session, addresses.parse(text)) if "@" in text else None
    except BadAddress:
        return []
    return [found] if found else []


@show(router, "/readers/{number}")
def one(call: In, number: Number) -> Response:
    """Consent, profile, every delivery with the server's words, why each pick."""
    return _one(call, number)


def _one(call: Call, number: int, wrong: str = "", status: int = 200) -> Response:
    reader = reader_of(call, number)
    before = number_in(call, "before")
    with call.app.read() as session:
        sent = deliveries.latest_of(session, number, limit=STORY + 1, before=before or None)
        story = [_told(session, each) for each in sent[:STORY]]
        said = feedback.said_by(session, [number]).get(number, ())
        return call.page(
            "reader.html", status, FRAMES,
            reader=reader, story=story, said=said, wrong=wrong,
            picked_by=wishes.words(reader.profile.popularity).lower(),
            older=sent[STORY - 1].id if len(sent) > STORY else 0,
            events=roster.consents(session, number),
            barred=suppression.reason_for(session, reader.address, key=call.app.secret),
            lines=audit.recent(session, limit=20, about=f"reader {number}"),
            moment=wording.moment, names={s.value: n for s, n in wording.ORDER.items()},
            today=call.app.clock().date(),
        )  # fmt: skip


def _told(session: Session, one: Delivery) -> tuple[Delivery, list[tuple[int, str, str]]]:
    """A delivery, and its papers with the reason of each in words."""
    papers = history.by_ids(session, [pick.paper_id for pick in one.picks])
    return one, [
        (papers[pick.paper_id].id, papers[pick.paper_id].paper.title, _words(pick.reasons))
        for pick in one.picks
        if pick.paper_id in papers
    ]


def _words(reasons: Sequence[Cause]) -> str:
    bits = why(reasons)
    return "".join(", " if kind == "gap" else text for kind, text in bits)


@act(router, "/readers/{number}/suppress", Role.OWNER)
def suppress(call: In, number: Number) -> Response:
    """Never write to this address again."""
    address = reader_of(call, number).address
    return _step(call, number, "suppressed a reader", address)


def _step(call: Call, number: int, what: str, address: Address) -> Response:
    with call.app.begin() as session:
        readers.suppress(session, call.app, address, Reason.BY_HAND, source=SOURCE)
        audit.note(session, call.who, what, f"reader {number}", now=call.app.clock())
    return to(f"/readers/{number}")


@act(router, "/readers/{number}/lift", Role.OWNER)
def lift(call: In, number: Number) -> Response:
    """Allow mail to this address again; nobody is subscribed by it."""
    address = reader_of(call, number).address
    with call.app.begin() as session:
        readers.lift(session, call.app, address)
        audit.note(session, call.who, "lifted a suppression", f"reader {number}",
                   now=call.app.clock())  # fmt: skip
    return to(f"/readers/{number}")


@act(router, "/readers/{number}/erase", Role.OWNER)
def erase(call: In, number: Number) -> Response:
    """Erase a person; password and code are asked where they were not given just now."""
    address = reader_of(call, number).address
    answer = to("/readers")
    if wrong := proved(call, answer):
        return _one(call, number, wrong, 403)
    personal.erase(call.app, address, source=SOURCE)
    with call.app.begin() as session:
        audit.note(session, call.who, "erased a reader", f"reader {number}", now=call.app.clock())
    return answer
