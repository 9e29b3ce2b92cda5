"""Papers: what became of one, who got it; hidden, or pinned to the top of a day."""

from datetime import UTC, date, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from digest.core.admin import Role
from digest.errors import BadMark, UnknownPaper
from digest.mail.card import paper_url
from digest.store import audit, history, marks, reached, tallies
from digest.store.history import Stored
from digest.store.marks import LONGEST_NOTE
from digest.web.admin import wording
from digest.web.admin.gate import Call, In, act, rooms, show, to
from digest.web.admin.query import day_in, number_in, text_in
from subscribers import roster

router: APIRouter = rooms()

PAGE = 50
LATER = timedelta(days=7)  # a paper may come to a reader so long after its day
Number = Annotated[int, Path(ge=0, le=2**62)]


@show(router, "/papers")
def papers(call: In) -> Response:
    """A day's papers, or those with some words."""
    words, offset = text_in(call, "q"), min(number_in(call, "offset"), 100_000)
    with call.app.read() as session:
        latest = tallies.latest_day(session)
        given = "day" in call.request.query_params and call.request.query_params["day"]
        day = day_in(call) if given else (None if words else latest)
        found = history.search(session, day=day, text=words, limit=PAGE + 1, offset=offset)
    return call.page("papers.html", found=found[:PAGE], q=words, day=day or "",
                     more=offset + PAGE if len(found) > PAGE else 0)  # fmt: skip


@show(router, "/papers/{number}")
def paper(call: In, number: Number) -> Response:
    """Its sightings, merges and marks, and who got it."""
    stored = _stored(call, number)
    today = call.app.clock().astimezone(UTC).date()
    with call.app.read() as session:
        old = history.merged_into(session, stored.id)
        changes = history.changes_of(session, stored.id)
        days = reached.days(session, stored.first_day, max(stored.last_day, today) + LATER)
        chosen = day_in(call, "got") if call.request.query_params.get("got") else None
        got = _got(call, [stored.id, *old], chosen)
        return call.page(
            "paper.html", stored=stored, url=paper_url(stored.paper), old=old, changes=changes,
            sightings=history.sightings(session, stored.id)[-60:],
            marks=marks.of_paper(session, [stored.id, *old]),
            days=days, chosen=chosen, got=got[0], looked=got[1], after=got[2],
            tomorrow=today + timedelta(days=1), longest=LONGEST_NOTE, moment=wording.moment,
            lines=audit.recent(session, limit=20, about=f"paper {stored.id}"),
        )  # fmt: skip


def _got(
    call: Call, numbers: list[int], day: date | None
) -> tuple[list[tuple[int, str, str]], int, int]:
    """Readers who got it that day: number, address, state; how many digests were looked through."""
    if day is None:
        return [], 0, 0
    with call.app.read() as session:
        found = reached.by(session, numbers, day, after=number_in(call, "after"))
        shown = found.readers[:500]
        people = roster.by_ids(session, [number for number, _ in shown])
    told = [(n, people[n].address.as_typed if n in people else "", state) for n, state in shown]
    return told, found.looked, found.after or 0


def _stored(call: Call, number: int) -> Stored:
    with call.app.read() as session:
        found = history.by_ids(session, [number]).get(number)
    if found is None:
        raise UnknownPaper(f"there is no paper {number}")
    return found


@act(router, "/papers/{number}/hide", Role.SENDER)
def hide(call: In, number: Number) -> Response:
    """Never pick it again."""
    stored, now = _stored(call, number), call.app.clock()
    with call.app.begin() as session:
        marks.hide(session, stored.id, _note(call), by=call.who, at=now)
        audit.note(session, call.who, "hid a paper", f"paper {stored.id}", _note(call), now=now)
    return to(f"/papers/{stored.id}")


@act(router, "/papers/{number}/pin", Role.SENDER)
def pin(call: In, number: Number) -> Response:
    """Put it on top of a day, with a note for the readers."""
    stored, now, day = _stored(call, number), call.app.clock(), _day(call)
    with call.app.begin() as session:
        marks.pin(session, stored.id, day, _note(call), by=call.who, at=now)
        audit.note(session, call.who, "pinned a paper", f"paper {stored.id}",
                   f"{day}: {_note(call)}", now=now)  # fmt: skip
    return to(f"/papers/{stored.id}")


@act(router, "/papers/{number}/lift", Role.SENDER)
def lift(call: In, number: Number) -> Response:
    """Take a mark away."""
    stored, kind = _stored(call, number), call.text("kind")
    day = _day(call) if kind == marks.PIN else None
    if kind not in (marks.HIDE, marks.PIN):
        raise BadMark("choose what to take away: hide or pin")
    with call.app.begin() as session:
        numbers = [stored.id, *history.merged_into(session, stored.id)]
        marks.lift(session, numbers, kind, day)
        audit.note(session, call.who, "took a mark away", f"paper {stored.id}", kind,
                   now=call.app.clock())  # fmt: skip
    return to(f"/papers/{stored.id}")


def _note(call: Call) -> str:
    note = " ".join(call.text("note").split())
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise BadMark(f"a note is one line of at most {LONGEST_NOTE} characters")
    return note


def _day(call: Call) -> date:
    try:
        return date.fromisoformat(call.text("day"))
    except ValueError as error:
        raise BadMark("write the day as 2026-05-07") from error
