"""The page of one reader's settings: what stands on it, and the way back to it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from digest.app import App
from digest.core.ranking.score import covers
from digest.core.ranking.text import fold
from digest.mail import language as languages
from digest.mail.why import why
from digest.mail.wording import clean, long_date, plain_date
from digest.store import history, lookups
from digest.trial import Trial
from digest.web import liked, wishes
from digest.web.links import reader_of
from digest.web.pages import Pages
from digest.web.wishes import Wishes
from subscribers import feedback, roster, schedule, tokens
from subscribers.consent import Status
from subscribers.feedback import Kind
from subscribers.person import Subscriber
from subscribers.tokens import Purpose

SOURCE = "settings page"
# Where a category is looked for: among so many of the latest papers; so many are named.
RECENT, MOST_NAMED = 5_000, 3
KEPT = "1"
SAVED = {
    KEPT: "Saved. It counts from your next digest.",
    "address": "If mail can be sent to that address, a letter with a link is on its way there. "
    "Nothing changes before its button is pressed.",
    "paused": "Paused.",
    "resumed": "Your papers come again.",
    "liked": "Your liked papers are saved.",
    "feedback": "Taken back.",
}


def app_of(request: Request) -> App:
    """The installation that serves this request."""
    app: App = request.app.state.app
    return app


def held(session: Session, app: App, token: str) -> Subscriber:
    """Whose settings the link opens; BadToken as in reader_of."""
    return reader_of(session, app, token, Purpose.SETTINGS)


def back(token: str, saved: str, place: str = "") -> Response:
    """After a change: show the page anew, so that reloading it repeats nothing."""
    return RedirectResponse(f"/settings/{quote(token)}?saved={saved}{place}", 303)


def page(
    request: Request,
    session: Session,
    token: str,
    reader: Subscriber,
    *,
    wanted: Wishes | None = None,
    wrong: dict[str, str] | None = None,
    note: str = "",
    question: str = "",
    address: str = "",
    papers: str = "",
    trial: dict[str, Any] | None = None,
) -> Response:
    """The page, with what was typed and what is wrong with it where it could not be kept."""
    pages: Pages = request.app.state.pages
    said = feedback.said(session, reader.id)
    names = {*reader.profile.liked, *(one.about for one in said if one.kind is not Kind.MUTE)}
    known = history.by_names(session, names)
    asked = lookups.of_names(session, names - known.keys())
    faults = (wanted.wrong if wanted else {}) | (wrong or {})

    def title(name: str) -> str:
        if name in known:
            return clean(known[name].paper.title)
        return clean(asked[name].title) if name in asked and asked[name].title else name

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
        question=question,
        address=address,
        papers=papers,
        trial=trial,
        liked=[
            (name, title(name), liked.note(asked.get(name)))
            for name in reversed(reader.profile.liked)
        ],
        sought=liked.authors_sought(session, reader.id),
        said=[(one.kind, one.about, title(one.about)) for one in reversed(said)],
        events=[
            (f"{one.kind}".capitalize(), f"{one.at:%Y-%m-%d %H:%M} UTC", one.source, one.wording)
            for one in roster.consents(session, reader.id)
        ],
        zones=schedule.zones(),
        languages=_languages(app_of(request), reader),
        steps=wishes.steps(
            reader.profile.popularity, (wanted or reader).profile.popularity
        ),
        unsubscribe="/unsubscribe/" + tokens.make(
            Purpose.UNSUBSCRIBE, reader.id, key=app_of(request).secret,
            version=reader.token_version, now=app_of(request).clock(),
        ),
    )  # fmt: skip


def _languages(app: App, reader: Subscriber) -> list[tuple[str, str]]:
    """The languages of the mail by code and own name, and the reader's where it is none of them."""
    found = {one.code: one.name for one in languages.load(app.templates).offered}
    return list(({reader.language: reader.language} | found).items())


def doubt(session: Session, categories: Sequence[str]) -> str:
    """The question whether categories that no recent paper carries are misspelt; "" for none."""
    if not categories or not (seen := history.recent_categories(session, limit=RECENT)):
        return ""
    carried = {fold(name) for name in seen}
    odd = [name for name in categories if not any(covers(fold(name), one) for one in carried)]
    if not odd:
        return ""
    names = ", ".join(f"“{name}”" for name in odd[:MOST_NAMED])
    rest = f" and {len(odd) - MOST_NAMED} more" if len(odd) > MOST_NAMED else ""
    spelt = "is it spelled as the source writes it" if len(odd) == 1 else (
        "are they spelled as the sources write them")  # fmt: skip
    return f"No recent paper here carries {names}{rest}: {spelt}?"


def shown(trial: Trial | None) -> dict[str, Any]:
    """What the preview tells of a trial; the same without papers for none."""
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
